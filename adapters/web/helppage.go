package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/civil"
	"cz-visa-monitor/app/help"
	"cz-visa-monitor/app/visa"
)

// helpPage lists what there are answers to, and takes a question.
type helpPage struct {
	view
	Sections []helpSection
	// Question is what was asked; Found is what came of it, nil before that.
	Question string
	Found    *helpFound
}

// helpSection is a part of the list.
type helpSection struct {
	ID, Name string
	Topics   []helpLink
}

// helpLink leads to an answer; Short is the answer in a sentence or three.
type helpLink struct{ To, Title, Short string }

// helpFound is what was found to a question.
type helpFound struct {
	// Lead says how well the topics fit, or that nothing is known.
	Lead    string
	Unknown bool
	Topics  []helpLink
}

// helpView begins a page of the help, which holds nothing of anybody: who has not
// signed in may read it, too, without the ways to the other pages.
func (s *Server) helpView(c echo.Context, title string) view {
	if principal(c).User.ID == "" {
		return s.view(c, title)
	}
	v := s.inside(c, sectionHelp, title)
	s.keepOffline(c)
	return v
}

func (s *Server) helpPage(c echo.Context) *helpPage {
	p := &helpPage{view: s.helpView(c, "help.title")}
	for _, section := range help.Sections() {
		p.Sections = append(p.Sections, helpSection{ID: string(section), Name: p.T("help.section." + string(section))})
	}
	for _, topic := range help.Topics() {
		for i := range p.Sections {
			if p.Sections[i].ID == string(topic.Section) {
				p.Sections[i].Topics = append(p.Sections[i].Topics, topicLink(p.view, topic.ID))
			}
		}
	}
	return p
}

// topicLink returns the way to a topic.
func topicLink(v view, id string) helpLink {
	topic, _ := help.Find(id)
	return helpLink{To: v.Root + "help/" + id, Title: v.T(topic.Key("title")), Short: v.T(topic.Key("short"))}
}

func (s *Server) showHelp(c echo.Context) error {
	return s.show(c, http.StatusOK, "help", s.helpPage(c))
}

// askHelp looks for what was asked. It comes by POST, so that the question is in no
// address and no log.
func (s *Server) askHelp(c echo.Context) error {
	p := s.helpPage(c)
	p.Question = strings.TrimSpace(c.FormValue("question"))
	switch {
	case p.Question == "":
	case c.FormValue("do") == "search":
		p.Found = searched(p.view, s.help.Search(p.Language(), p.Question))
	default:
		p.Found = answered(p.view, s.help.Ask(p.Language(), p.Question))
	}
	return s.show(c, http.StatusOK, "help", p)
}

func answered(v view, answer help.Answer) *helpFound {
	found := &helpFound{}
	switch answer.Confidence {
	case help.Sure:
		// One answer is what was asked for; the others may be found below it.
		found.Lead, answer.Topics = v.T("help.sure"), answer.Topics[:1]
	case help.Maybe:
		found.Lead = v.T("help.maybe")
	default:
		found.Lead, found.Unknown = v.T("help.unknown"), true
		answer.Topics = []string{"contact"}
	}
	for _, id := range answer.Topics {
		found.Topics = append(found.Topics, topicLink(v, id))
	}
	return found
}

func searched(v view, ids []string) *helpFound {
	found := &helpFound{}
	for _, id := range ids {
		found.Topics = append(found.Topics, topicLink(v, id))
	}
	if len(ids) == 0 {
		found.Lead, found.Unknown = v.T("help.nothing"), true
	} else {
		found.Lead = v.T("help.found", "count", len(ids))
	}
	return found
}

// topicPage is one answer.
type topicPage struct {
	view
	// Part is the name of its section of the help.
	Part, Short string
	Body        []helpBlock
	Official    []officialLink
	// Checked says when the text was last compared, and with what.
	Checked string
	Related []helpLink
}

// helpBlock is a paragraph, or a list where it has items.
type helpBlock struct {
	Text  string
	Items []string
}

// officialLink leads to a page of the Ministry, which is in Language.
type officialLink struct{ Name, URL, Language string }

func (s *Server) showTopic(c echo.Context) error {
	topic, ok := help.Find(c.Param("topic"))
	if !ok {
		return echo.ErrNotFound
	}
	day, err := civil.ParseDate(topic.VerifiedOn)
	if err != nil {
		return err
	}
	v := s.helpView(c, topic.Key("title"))
	p := &topicPage{view: v, Part: v.T("help.section." + string(topic.Section)), Short: v.T(topic.Key("short")), Body: blocksOf(v.T(topic.Key("body")))}
	checked := "help.checked_program"
	for _, page := range topic.Pages {
		checked = "help.checked_official"
		p.Official = append(p.Official, v.official(page))
	}
	p.Checked = v.T(checked, "date", v.words.Day(day.UTC()))
	for _, id := range topic.Related {
		p.Related = append(p.Related, topicLink(v, id))
	}
	return s.show(c, http.StatusOK, "help-topic", p)
}

// official returns the link to an official page; its name says the language where
// that is not the reader's.
func (v view) official(page visa.Page) officialLink {
	address, in := page.URL(v.Language())
	link := officialLink{Name: v.T("official." + string(page)), URL: address, Language: in}
	if in != v.Language() {
		link.Name += " (" + v.T("official.language_"+in) + ")"
	}
	return link
}

// blocksOf reads the body of a topic: lines that begin with "- " are items of a
// list, empty lines part the paragraphs.
func blocksOf(body string) (blocks []helpBlock) {
	for part := range strings.SplitSeq(body, "\n\n") {
		open := -1 // the block to which the next line may belong
		for line := range strings.SplitSeq(strings.TrimSpace(part), "\n") {
			item, isItem := strings.CutPrefix(line, "- ")
			switch {
			case open < 0 || isItem != (blocks[open].Items != nil):
				open = len(blocks)
				blocks = append(blocks, helpBlock{})
			case !isItem:
				line = blocks[open].Text + " " + line
			}
			if isItem {
				blocks[open].Items = append(blocks[open].Items, item)
			} else {
				blocks[open].Text = line
			}
		}
	}
	return blocks
}
