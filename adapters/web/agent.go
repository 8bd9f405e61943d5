package web

import "strings"

// maxAgent is how much of an unknown browser's name is shown, in characters.
const maxAgent = 80

// named is a part of what a browser calls itself, and what people call it.
type named struct{ part, name string }

// browsers are looked for in this order: most call themselves Safari and Chrome, too.
func browsers() []named {
	return []named{
		{"SamsungBrowser/", "Samsung Internet"},
		{"OPR/", "Opera"},
		{"OPT/", "Opera"},
		{"EdgA/", "Edge"},
		{"EdgiOS/", "Edge"},
		{"Edg/", "Edge"},
		{"Vivaldi/", "Vivaldi"},
		{"YaBrowser/", "Yandex Browser"},
		{"DuckDuckGo/", "DuckDuckGo"},
		{"MiuiBrowser/", "Mi Browser"},
		{"SeznamBrowser/", "Seznam"},
		{"FxiOS/", "Firefox"},
		{"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chromium/", "Chromium"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
}

// systems are looked for in this order: Android is a Linux, too, and an iPad says
// that it is like a Mac.
func systems() []named {
	return []named{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"CrOS", "ChromeOS"},
		{"Windows", "Windows"},
		{"Macintosh", "Mac"},
		{"Mac OS X", "Mac"},
		{"Linux", "Linux"},
		{"FreeBSD", "FreeBSD"},
		{"OpenBSD", "OpenBSD"},
	}
}

// find returns what the first part that is in agent is called, "" for none.
func find(agent string, parts []named) string {
	for _, one := range parts {
		if strings.Contains(agent, one.part) {
			return one.name
		}
	}
	return ""
}

// browser says in words what calls itself agent: by names that people know, else
// as it calls itself.
func (v view) browser(agent string) string {
	name, system := find(agent, browsers()), find(agent, systems())
	switch {
	case name != "" && system != "":
		return v.T("account.browser_on", "browser", name, "system", system)
	case name != "":
		return name
	case strings.TrimSpace(agent) == "":
		return v.T("account.browser_unknown")
	}
	if runes := []rune(agent); len(runes) > maxAgent {
		return string(runes[:maxAgent]) + "…"
	}
	return agent
}
