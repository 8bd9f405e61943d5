package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cz-visa-monitor/adapters/oidc"
	"cz-visa-monitor/adapters/portal"
	"cz-visa-monitor/adapters/web"
)

// config is everything that can be set from outside.
type config struct {
	dataDir           string
	listen            string
	baseURL           string
	portalURL         string
	browser           string
	browserURLs       []string
	browserIdle       time.Duration
	workers           int
	interval          time.Duration
	minInterval       time.Duration
	checksPerMinute   float64
	checkNowPerDay    int
	confirmAfter      time.Duration
	keyDelay          time.Duration
	messagesPerMinute int
	timezone          *time.Location
	keyFile           string
	keyPassphrase     string
	backupCopies      string
	proxies           []netip.Prefix
	proxyUserHeader   string
	proxyGroupsHeader string
	oidc              oidc.Config
	oidcName          string
	roles             oidc.Roles
	metricsListen     string
	metricsToken      string
	pingURL           string
	logFormat         string
	logLevel          string
	// settings are the rows of the table as they are shown to admins.
	settings []web.Setting
}

// option is one row of the configuration table. The help, .env.example, the
// README's section, validation and the flags all come from it.
type option struct {
	// key is the environment variable; the flag is made from it:
	// CZVM_DATA_DIR becomes --data-dir.
	key string
	// def is the default, as it would be written.
	def string
	// secret values can come from a file named by key_FILE, have no flag (a
	// command line is seen by every user of the machine) and are never shown.
	secret bool
	// help is one sentence for people.
	help string
	// set parses value into c.
	set func(c *config, value string) error
}

// flag returns the name of the option's flag.
func (o option) flag() string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(o.key, prefix)), "_", "-")
}

// prefix begins every key.
const prefix = "CZVM_"

// fileSuffix turns the key of a secret into the key of its file.
const fileSuffix = "_FILE"

// options returns the configuration table.
func options() []option {
	return slices.Concat(watchOptions(), accountOptions(), monitorOptions(), logOptions())
}

// watchOptions are about the main job.
func watchOptions() []option {
	return []option{
		{
			key: "CZVM_DATA_DIR", def: "data", help: "Folder for the store, its backups, a replaced portal layout and evidence of page changes.",
			set: func(c *config, v string) error { return text(&c.dataDir, v) },
		},
		{
			key: "CZVM_LISTEN", def: ":8080", help: "Address and port of the web page and the API.",
			set: func(c *config, v string) error { return address(&c.listen, v) },
		},
		{
			key: "CZVM_BASE_URL", def: "", help: "Address under which people reach the page, for links in messages; without it messages carry no link.",
			set: func(c *config, v string) error { return webURL(&c.baseURL, v, true) },
		},
		{
			key: "CZVM_PORTAL_URL", def: portal.All()[0].DefaultURL, help: "The Ministry's form.",
			set: func(c *config, v string) error { return webURL(&c.portalURL, v, false) },
		},
		{
			key: "CZVM_BROWSER", def: "", help: "Path or name of the browser; empty takes chromium-headless-shell, else chromium.",
			set: func(c *config, v string) error { c.browser = v; return nil },
		},
		{
			key: "CZVM_BROWSER_URLS", def: "", secret: true, help: "DevTools addresses of remote browsers instead of a local one, separated by blanks or commas; #pages=4 behind one sets its own limit.",
			set: func(c *config, v string) error {
				c.browserURLs = strings.FieldsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
				return nil
			},
		},
		{
			key: "CZVM_BROWSER_IDLE", def: "2m", help: "The browser is stopped after that long without work.",
			set: func(c *config, v string) error { return duration(&c.browserIdle, v, time.Second, 24*time.Hour) },
		},
		{
			key: "CZVM_WORKERS", def: "1", help: "Checks at once, and pages in one browser.",
			set: func(c *config, v string) error { return integer(&c.workers, v, 1, 64) },
		},
		{
			key: "CZVM_INTERVAL", def: "60m", help: "Time between two checks of an application.",
			set: func(c *config, v string) error { return duration(&c.interval, v, time.Second, 31*24*time.Hour) },
		},
		{
			key: "CZVM_MIN_INTERVAL", def: "15m", help: "The shortest interval that may be chosen for an application.",
			set: func(c *config, v string) error { return duration(&c.minInterval, v, time.Second, 24*time.Hour) },
		},
		{
			key: "CZVM_CHECKS_PER_MINUTE", def: "6", help: "Questions to the portal in a minute, for all applications together; 0 sets no limit and is meant for tests.",
			set: func(c *config, v string) error { return number(&c.checksPerMinute, v, 0, 6000) },
		},
		{
			key: "CZVM_CHECK_NOW_PER_DAY", def: "10", help: "Checks by hand of one application within 24 hours.",
			set: func(c *config, v string) error { return integer(&c.checkNowPerDay, v, 1, 1000) },
		},
		{
			key: "CZVM_CONFIRM_AFTER", def: "3m", help: "A decision or a step backwards is told when a second check, that much later, repeats it.",
			set: func(c *config, v string) error { return duration(&c.confirmAfter, v, 0, 24*time.Hour) },
		},
		{
			key: "CZVM_KEY_DELAY", def: "40ms", help: "Pause between two keys typed into the form, more or less; 0s types at once.",
			set: func(c *config, v string) error { return duration(&c.keyDelay, v, 0, time.Second) },
		},
		{
			key: "CZVM_MESSAGES_PER_MINUTE", def: "10", help: "Messages through one channel in a minute, after a first few at once; more than that wait.",
			set: func(c *config, v string) error { return integer(&c.messagesPerMinute, v, 1, 6000) },
		},
		{
			key: "CZVM_TIMEZONE", def: "Europe/Prague", help: "Time zone of the times in messages.",
			set: func(c *config, v string) error { return zone(&c.timezone, v) },
		},
	}
}

// check finds what is wrong between options rather than within one.
func (c *config) check() error {
	if c.interval < c.minInterval {
		return fmt.Errorf("CZVM_INTERVAL (%s) is shorter than CZVM_MIN_INTERVAL (%s); raise the one or lower the other", c.interval, c.minInterval)
	}
	return errors.Join(c.polite(), c.elsewhere(), c.guarded())
}

// The least that is asked of an appliance that asks the Ministry's own form;
// against a replica everything goes.
const (
	politePace     = 30 // questions in a minute
	politeInterval = 5 * time.Minute
)

// polite refuses settings that would be rude to the real portal.
func (c *config) polite() error {
	u, err := url.Parse(c.portalURL)
	if err != nil {
		return err
	}
	if host := "." + strings.TrimSuffix(strings.ToLower(u.Hostname()), "."); !strings.HasSuffix(host, ".gov.cz") && !strings.HasSuffix(host, ".mvcr.cz") {
		return nil
	}
	var errs []error
	if c.checksPerMinute == 0 || c.checksPerMinute > politePace {
		errs = append(errs, fmt.Errorf("CZVM_CHECKS_PER_MINUTE must be between 1 and %d towards %s", politePace, u.Hostname()))
	}
	if c.minInterval < politeInterval {
		errs = append(errs, fmt.Errorf("CZVM_MIN_INTERVAL must be at least %s towards %s", politeInterval, u.Hostname()))
	}
	return errors.Join(errs...)
}

func text(to *string, v string) error {
	if v == "" {
		return errors.New("must not be empty")
	}
	*to = v
	return nil
}

func address(to *string, v string) error {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return errors.New("must be an address with a port, such as :8080 or 127.0.0.1:8080")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return errors.New("has no port between 0 and 65535")
	}
	*to = v
	return nil
}

func webURL(to *string, v string, mayBeEmpty bool) error {
	if v == "" && mayBeEmpty {
		*to = ""
		return nil
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("must be a whole address that begins with http:// or https://")
	}
	if u.User != nil || u.Fragment != "" {
		return errors.New("must hold neither a user nor a # part")
	}
	*to = v
	return nil
}

func duration(to *time.Duration, v string, least, most time.Duration) error {
	d, err := time.ParseDuration(v)
	if err != nil {
		return errors.New("must be a time such as 90s, 60m or 2h")
	}
	if d < least || d > most {
		return fmt.Errorf("must be between %s and %s", least, most)
	}
	*to = d
	return nil
}

func integer(to *int, v string, least, most int) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return fmt.Errorf("must be a whole number from %d to %d", least, most)
	}
	*to = n
	return nil
}

func number(to *float64, v string, least, most float64) error {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n >= least && n <= most) {
		return fmt.Errorf("must be a number from %g to %g", least, most)
	}
	*to = n
	return nil
}

func oneOf(to *string, v string, choices ...string) error {
	for _, c := range choices {
		if v == c {
			*to = v
			return nil
		}
	}
	return fmt.Errorf("must be %s", strings.Join(choices, " or "))
}

func zone(to **time.Location, v string) error {
	loc, err := time.LoadLocation(v)
	if err != nil {
		return errors.New("must be a time zone such as Europe/Prague")
	}
	*to = loc
	return nil
}
