package portaltest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"time"
)

// state is what GET ControlPath tells: what is scripted, and what came.
type state struct {
	Page    Page                `json:"page"`
	Latency span                `json:"latency"`
	Default Answer              `json:"default"`
	Broken  *Answer             `json:"broken"`
	Scripts map[string][]Answer `json:"scripts"` // the next answer first

	Asked     map[string]int `json:"asked"`
	Requests  []Request      `json:"requests"` // the latest 100
	PageLoads int            `json:"page_loads"`
	Images    int            `json:"images"`
	Fonts     int            `json:"fonts"`
	Swallowed int            `json:"swallowed"`
	Problems  []string       `json:"problems"`
}

// change is what POST ControlPath takes; what is left out stays as it is.
type change struct {
	Reset   bool                `json:"reset"`
	Mend    bool                `json:"mend"`
	Page    *Page               `json:"page"`
	Latency *span               `json:"latency"`
	Default *Answer             `json:"default"`
	Break   *Answer             `json:"break"`
	Scripts map[string][]Answer `json:"scripts"`
}

func (c change) validate() error {
	var errs []error
	if c.Page != nil {
		errs = append(errs, c.Page.Validate())
	}
	for name, a := range map[string]*Answer{"default": c.Default, "break": c.Break} {
		if a == nil {
			continue
		}
		if err := a.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	for _, number := range slices.Sorted(maps.Keys(c.Scripts)) {
		for i, a := range c.Scripts[number] {
			if err := a.Validate(); err != nil {
				errs = append(errs, fmt.Errorf("answer %d about %s: %w", i+1, number, err))
			}
		}
	}
	return errors.Join(errs...)
}

// apply does a valid change.
func (r *Replica) apply(c change) {
	if c.Reset {
		r.Reset()
	}
	if c.Mend {
		r.Mend()
	}
	if c.Page != nil {
		r.SetPage(*c.Page)
	}
	if c.Latency != nil {
		r.SetLatency(time.Duration(*c.Latency))
	}
	if c.Default != nil {
		r.SetDefault(*c.Default)
	}
	if c.Break != nil {
		r.Break(*c.Break)
	}
	for number, answers := range c.Scripts {
		r.Script(number, answers...)
	}
}

func (r *Replica) serveChange(w http.ResponseWriter, req *http.Request) {
	// A type that a form on another site cannot send.
	if media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); media != "application/json" {
		http.Error(w, "send the change as application/json", http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil {
		http.Error(w, "read the change: "+err.Error(), http.StatusBadRequest)
		return
	}
	var c change
	if err := errors.Join(decodeStrict(body, &c), c.validate()); err != nil {
		http.Error(w, "this is no change: "+err.Error(), http.StatusBadRequest)
		return
	}
	r.apply(c)
	writeJSON(w, http.StatusOK, r.state())
}

func (r *Replica) serveState(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, r.state())
}

func (r *Replica) state() state {
	requests := r.Requests()
	requests = requests[max(0, len(requests)-100):]

	r.mu.Lock()
	defer r.mu.Unlock()
	scripts := map[string][]Answer{}
	for number, answers := range r.script.numbers {
		scripts[number] = slices.Clone(answers)
	}
	return state{
		Page:    r.script.page,
		Latency: span(orDefault(r.script.latency, defaultLatency)),
		Default: r.script.def,
		Broken:  r.script.broken,
		Scripts: scripts,

		Asked:     maps.Clone(r.log.asked),
		Requests:  requests,
		PageLoads: r.log.pageLoads,
		Images:    r.log.images,
		Fonts:     r.log.fonts,
		Swallowed: r.log.swallowed,
		Problems:  slices.Clone(r.log.problems),
	}
}

// span is a duration as it stands in JSON.
type span time.Duration

// MarshalText writes 1m30s or forever.
func (s span) MarshalText() ([]byte, error) {
	if time.Duration(s) == Forever {
		return []byte("forever"), nil
	}
	return []byte(time.Duration(s).String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *span) UnmarshalText(text []byte) error {
	if string(text) == "forever" {
		*s = span(Forever)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// The plain types have the fields of an Answer and a Page without their methods;
// the durations beside them take precedence over the ones inside.
type (
	plainAnswer Answer
	plainPage   Page

	answerJSON struct {
		plainAnswer
		Delay    span `json:"delay,omitempty"`
		StaleFor span `json:"stale_for,omitempty"`
	}
	pageJSON struct {
		plainPage
		FormDelay    span `json:"form_delay,omitempty"`
		CookiesDelay span `json:"cookies_delay,omitempty"`
		CaptchaDelay span `json:"captcha_delay,omitempty"`
		OptionsDelay span `json:"options_delay,omitempty"`
	}
)

// MarshalJSON writes the durations as in Go.
func (a Answer) MarshalJSON() ([]byte, error) {
	return json.Marshal(answerJSON{plainAnswer(a), span(a.Delay), span(a.StaleFor)})
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses unknown fields.
func (a *Answer) UnmarshalJSON(body []byte) error {
	var in answerJSON
	err := decodeStrict(body, &in)
	*a = Answer(in.plainAnswer)
	a.Delay, a.StaleFor = time.Duration(in.Delay), time.Duration(in.StaleFor)
	return err
}

// MarshalJSON writes the durations as in Go.
func (p Page) MarshalJSON() ([]byte, error) {
	return json.Marshal(pageJSON{plainPage(p), span(p.FormDelay), span(p.CookiesDelay), span(p.CaptchaDelay), span(p.OptionsDelay)})
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses unknown fields.
func (p *Page) UnmarshalJSON(body []byte) error {
	var in pageJSON
	err := decodeStrict(body, &in)
	*p = Page(in.plainPage)
	p.FormDelay, p.CookiesDelay = time.Duration(in.FormDelay), time.Duration(in.CookiesDelay)
	p.CaptchaDelay, p.OptionsDelay = time.Duration(in.CaptchaDelay), time.Duration(in.OptionsDelay)
	return err
}

// decodeStrict refuses unknown fields and anything after the value.
func decodeStrict(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("there is something after the JSON value")
	}
	return nil
}
