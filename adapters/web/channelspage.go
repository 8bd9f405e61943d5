package web

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// lookBack is how many deliveries are looked through for the last one of each channel.
const lookBack = 2000

// channelsPage lists the ways to reach people.
type channelsPage struct {
	view
	Rows   []channelRow
	MayAdd bool
}

// channelRow is a channel of the list. Last is what came of its last message, nil
// where there was none lately.
type channelRow struct {
	ID, Name, Kind, Whose, Privacy string
	Paused, Operator               bool
	Last                           *letterRow
}

func (s *Server) showChannels(c echo.Context) error {
	ctx, p := c.Request().Context(), principal(c)
	page := &channelsPage{view: s.inside(c, sectionChannels, "way.channels"), MayAdd: p.MayAdd()}
	list, err := s.channels(ctx, p)
	if err != nil {
		return err
	}
	who, err := s.owners(c, page.view, "")
	if err != nil {
		return err
	}
	last, err := s.lastLetters(c, len(list))
	if err != nil {
		return err
	}
	for _, ch := range list {
		row := channelRow{
			ID: ch.ID, Name: ch.Name, Kind: page.T("channel." + ch.Kind), Whose: who.of(ch.Owner),
			Privacy: page.T("channels.privacy_" + string(ch.Privacy)), Paused: ch.Paused, Operator: ch.Operator,
		}
		if d, ok := last[ch.ID]; ok {
			letter := letterRowOf(page.view, p, d, nil)
			row.Last = &letter
		}
		page.Rows = append(page.Rows, row)
	}
	return s.show(c, http.StatusOK, "channels", page)
}

// lastLetters returns the last delivery of each of some channels, by their IDs.
func (s *Server) lastLetters(c echo.Context, channels int) (map[string]alert.Delivery, error) {
	p, last, seen := principal(c), make(map[string]alert.Delivery, channels), 0
	_, err := s.cfg.Deliveries.Deliveries(c.Request().Context(), "", channels, func(d alert.Delivery) bool {
		seen++
		_, known := last[d.ChannelID]
		if !known && p.MayRead(d.Owner) && seen <= lookBack {
			last[d.ChannelID] = d
			return true
		}
		return seen > lookBack // That is enough: the rest is taken unseen, and left out.
	})
	return last, err
}

// channelKindsPage lets a kind be chosen.
type channelKindsPage struct {
	view
	Kinds []kindCard
	// From is "start" and Steps is set if it is one of the first steps.
	From  string
	Steps steps
}

// kindCard says what a kind of channel is, and what one needs for it.
type kindCard struct{ Name, Label, About, Needs string }

func kindCardOf(v view, k alert.ChannelKind) kindCard {
	return kindCard{Name: k.Name, Label: v.T(k.LabelKey), About: v.T("channels.about_" + k.Name), Needs: v.T("channels.needs_" + k.Name)}
}

// showNewChannel shows the kinds or, where one was chosen, its form.
func (s *Server) showNewChannel(c echo.Context) error {
	p, kind := principal(c), c.QueryParam("kind")
	if !p.MayAdd() {
		return account.ErrForbidden
	}
	if s.fields(kind) == nil {
		page := &channelKindsPage{view: s.inside(c, sectionChannels, "channels.new")}
		page.From, page.Steps = beganWith(c, stepChannel)
		for _, k := range s.cfg.Kinds {
			page.Kinds = append(page.Kinds, kindCardOf(page.view, k))
		}
		return s.show(c, http.StatusOK, "channel-kinds", page)
	}
	words := s.speak(c)
	ch := alert.Channel{Owner: p.Self(), Kind: kind, Name: words.Text("channel." + kind), Privacy: alert.Masked, Language: words.Language()}
	ch.Fields = byChance(s.fields(kind))
	// Somebody should hear of trouble: the first channel of whoever runs the appliance.
	from, _ := beganWith(c, stepChannel)
	ch.Operator = from != "" && mayOperate(p, ch)
	page, err := s.channelPage(c, ch, nil)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "channel", page)
}

// byChance returns values for those of fields that nobody should guess.
func byChance(fields []alert.ChannelField) map[string]string {
	values := map[string]string{}
	for _, f := range fields {
		if f.Unguessable {
			values[f.Name] = "visa-" + strings.ToLower(rand.Text()[:12])
		}
	}
	return values
}

// addChannelByForm tests or adds what the form describes.
func (s *Server) addChannelByForm(c echo.Context) error {
	p, kind := principal(c), c.FormValue("kind")
	if s.fields(kind) == nil {
		return echo.ErrBadRequest
	}
	owner := c.FormValue("owner")
	ch, err := s.newChannel(p, newChannelInput{Kind: kind, Owner: &owner, channelInput: s.channelForm(c, kind)})
	do := c.FormValue("do")
	test, keep := do == "test" || do == "first", do != "test" // "first" keeps what has proven to work.
	id := ch.ID
	ch.ID = "" // Nothing that stands is meant, whatever becomes of it.
	if err == nil && test {
		err = s.sendTest(c.Request().Context(), ch)
	}
	if err == nil && keep {
		if ch.ID = id; test {
			ch.TestedAt = time.Now()
		}
		if err = s.keepChannel(c.Request().Context(), ch); err == nil {
			return seeAfterChannel(c)
		}
		ch.ID = ""
	}
	page, perr := s.channelPage(c, ch, nil)
	if perr != nil {
		return perr
	}
	if test {
		return s.showTested(c, page, err)
	}
	return s.complainOfField(c, "channel", &page.view, page, err)
}

// seeAfterChannel leads on from a new channel.
func seeAfterChannel(c echo.Context) error {
	if from, _ := beganWith(c, stepChannel); from != "" {
		return see(c, "../start?step="+stepChannel)
	}
	return seeDone(c, "../channels", "channel_added")
}
