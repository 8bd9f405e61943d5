package sourcetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// plain is a source without a browser: it does over HTTP what the replica's page
// does, with one page that is reused. It shows that the suite can be passed, and
// with one of the flaws, that the suite notices.
type plain struct {
	url    string
	flaw   flaw
	client http.Client

	mu   sync.Mutex
	page *page // nil: to be loaded
}

// flaw is a mistake a source could make.
type flaw string

// page is what the replica's shell tells its script, and what is shown on it.
type page struct {
	Language   string         `json:"language"`
	Categories []string       `json:"categories"`
	Years      []string       `json:"years"`
	FormDelay  int64          `json:"form_delay_ms"`
	Layout     string         `json:"layout"`
	Swallow    map[string]int `json:"swallow"`
	Working    string         `json:"working"`

	origin string
	shown  *alert
}

type alert struct {
	Kind    string            `json:"kind"`
	HTML    map[string]string `json:"html"`
	StaleMS int64             `json:"stale_ms"`
	state   string
}

func fail(code watch.FailureCode, detail string, err error) error {
	return &watch.Failure{Code: code, Detail: detail, Err: err}
}

// Check asks once.
func (p *plain) Check(ctx context.Context, ref visa.Reference) (watch.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	got, err := p.check(ctx, ref)
	if err == nil {
		return got, nil
	}
	if p.flaw != "mixed" {
		p.page = nil
	}
	if ctx.Err() != nil && p.flaw != "no timeout" {
		return watch.Result{}, fail(watch.Timeout, "the portal did not answer in time", ctx.Err())
	}
	if p.flaw == "leak" {
		return watch.Result{}, fail(watch.Unreachable, "no answer about "+ref.String(), nil)
	}
	return watch.Result{}, err
}

func (p *plain) check(ctx context.Context, ref visa.Reference) (watch.Result, error) {
	if err := p.load(ctx); err != nil {
		return watch.Result{}, err
	}
	q := ref.Query()
	if q.Number != "" && p.flaw != "offers all" && !(contains(p.page.Categories, q.Category) && contains(p.page.Years, q.Year)) {
		return watch.Result{}, fail(watch.NotOffered, "the form does not offer the category or the year", nil)
	}
	for ; p.page.Swallow[ref.Identity()] > 0; p.page.Swallow[ref.Identity()]-- {
		form := url.Values{"zov": {q.ZOV}, "number": {q.Number}, "category": {q.Category}, "year": {q.Year}}
		if _, _, err := p.send(ctx, http.MethodPost, p.page.origin+"/__replica/swallowed", "application/x-www-form-urlencoded", form.Encode()); err != nil {
			return watch.Result{}, err
		}
	}
	err := p.ask(ctx, q)
	if p.flaw == "asks again" && err != nil || p.flaw == "resubmits" && err == nil && p.page.shown.StaleMS != 0 {
		err = p.ask(ctx, q)
	}
	if err != nil {
		return watch.Result{}, err
	}
	if p.page.Working != "" && p.flaw == "transient" {
		text := strings.ReplaceAll(p.page.Working, "{number}", ref.Identity()) + " " + ref.Identity()
		return watch.Result{Status: p.classify("warning", text), Alert: "warning", Text: text, Language: p.page.Language}, nil
	}
	if p.page.Layout == "alert_class" {
		return watch.Result{}, fail(watch.LayoutChanged, "the answer has no known place", nil)
	}
	return p.read(ref)
}

var settings = regexp.MustCompile(`(?s)id="settings">(.*?)</script>`)

// load gets the page, unless there is one.
func (p *plain) load(ctx context.Context) error {
	if p.page != nil {
		return nil
	}
	body, origin, err := p.send(ctx, http.MethodGet, p.url, "", "")
	if err != nil {
		return err
	}
	found := settings.FindStringSubmatch(body)
	if found == nil {
		return fail(watch.Unreachable, "the portal shows a page without the form", nil)
	}
	loaded := &page{origin: origin}
	if err := json.Unmarshal([]byte(found[1]), loaded); err != nil {
		return fail(watch.Internal, "the shell is not understood", err)
	}
	if err := wait(ctx, loaded.FormDelay); err != nil {
		return err
	}
	if loaded.Layout == "input_names" && p.flaw != "any layout" {
		return fail(watch.LayoutChanged, "the form has no known input", nil)
	}
	p.page = loaded
	return nil
}

// ask sends the question and waits until the page would show the answer.
func (p *plain) ask(ctx context.Context, q visa.Query) error {
	query := url.Values{"idCj": {q.Number}, "database": {q.Category}, "year": {q.Year}, "zov": {q.ZOV}}
	if p.flaw == "parameter" {
		query.Set("lang", "en")
	}
	body, _, err := p.send(ctx, http.MethodPost, p.page.origin+"/api/ip/external/proceedings/state/cj/zov?"+query.Encode(),
		"application/json", `{"captcha":"replica.proceedings.plain"}`)
	if err != nil {
		return err
	}
	var answer struct {
		State string `json:"state"`
		Alert *alert `json:"alert"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Alert == nil {
		return fail(watch.Unreachable, "the answer is not understood", nil)
	}
	answer.Alert.state = answer.State
	if p.flaw == "mixed" { // lets the others use the page before this answer is read
		p.page.shown = answer.Alert
		p.mu.Unlock()
		defer p.mu.Lock()
		return wait(ctx, 200)
	}
	if p.flaw == "stale" && p.page.shown != nil && answer.Alert.StaleMS != 0 {
		return nil
	}
	if err := wait(ctx, answer.Alert.StaleMS); err != nil {
		return err
	}
	p.page.shown = answer.Alert
	return nil
}

// wait waits for ms milliseconds, or for ever if negative.
func wait(ctx context.Context, ms int64) error {
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer timer.Stop()
	ready := timer.C
	if ms < 0 {
		ready = nil
	}
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// send returns the body and the origin it came from, or the failure that the
// HTTP status means.
func (p *plain) send(ctx context.Context, method, address, contentType, body string) (text, origin string, err error) {
	if p.flaw == "no timeout" {
		ctx = context.WithoutCancel(ctx)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := p.client.Do(req)
	if err != nil {
		return "", "", fail(watch.Unreachable, "the portal cannot be reached", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", "", fail(watch.Unreachable, "the answer broke off", err)
	}
	text = string(raw)
	if p.flaw == "any status" {
		return text, "http://" + resp.Request.URL.Host, nil
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusForbidden:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		if p.flaw == "no retry" {
			seconds = 0
		}
		return "", "", &watch.Failure{Code: watch.Throttled, Detail: "the portal asks for patience", RetryAfter: time.Duration(seconds) * time.Second}
	case code == http.StatusBadRequest && strings.Contains(text, "Recaptcha"):
		return "", "", fail(watch.Captcha, "the captcha refused the question", nil)
	case code >= 500:
		return "", "", fail(watch.Unreachable, fmt.Sprintf("the portal answers with status %d", code), nil)
	}
	return text, "http://" + resp.Request.URL.Host, nil
}

var (
	tags = regexp.MustCompile(`(?s)<style.*?</style>|<script.*?</script>|<[^>]*>`)
	href = regexp.MustCompile(`href="([^"]*spravni-rizeni[^"]*|[^"]*administrative-proceedings[^"]*)"`)
)

// read makes a result of the alert that is shown.
func (p *plain) read(ref visa.Reference) (watch.Result, error) {
	shown := p.page.shown
	raw := shown.HTML[p.page.Language]
	text := strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(raw, " "))), " ")
	if p.flaw == "markup" {
		text = raw
	}
	if !strings.Contains(text, ref.Identity()) && p.flaw != "stale" {
		if p.flaw == "no mismatch" {
			return watch.Result{}, fail(watch.Timeout, "the portal did not answer in time", nil)
		}
		return watch.Result{}, fail(watch.Mismatch, "the answer is about another number", nil)
	}
	out := watch.Result{Status: p.classify(shown.Kind, text), Alert: shown.Kind, State: shown.state, Language: p.page.Language}
	if found := href.FindStringSubmatch(raw); found != nil {
		out.Link = found[1]
	}
	if p.flaw != "long" && len(text) > watch.MaxText {
		text = strings.ToValidUTF8(text[:watch.MaxText-3], "") + "…"
	}
	out.Text = text
	return out, nil
}

// classify knows the words of each status and the class that goes with them.
func (p *plain) classify(kind, text string) visa.Status {
	rows := []struct {
		status visa.Status
		kind   string
		words  []string
	}{
		{visa.NotFound, "error", []string{"nebylo nalezeno", "was not found"}},
		{visa.PreliminarilyPositive, "success", []string{"předběžně vyhodnoceno kladně", "preliminarily assessed positively"}},
		{visa.Refused, "error", []string{"bylo nepovoleno", "was rejected"}},
		{visa.Suspended, "warning", []string{"bylo přerušeno", "has been suspended"}},
		{visa.Granted, "success", []string{"bylo povoleno", "was granted"}},
		{visa.InProgress, "warning", []string{"zpracovává se", "being processed"}},
	}
	if p.flaw == "guess" && strings.Contains(text, "proceedings") {
		return visa.Refused
	}
	for _, row := range rows {
		for _, words := range row.words {
			if strings.Contains(text, words) && (row.kind == kind || p.flaw == "words only") {
				return row.status
			}
		}
	}
	return visa.Unknown
}

func contains(list []string, item string) bool {
	for _, s := range list {
		if s == item {
			return true
		}
	}
	return false
}
