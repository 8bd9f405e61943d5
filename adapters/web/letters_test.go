package web

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"cz-visa-monitor/app/visa"
)

// multipartOf is a form with a file in it, behind a field.
func multipartOf(t testing.TB, file string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("label", "Anna"); err != nil {
		t.Fatal(err)
	}
	part, err := w.CreateFormFile("letter", "letter.txt")
	if err == nil {
		_, err = io.WriteString(part, file)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestLetters(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/letters"
	form, formType := multipartOf(t, "Vaše č. j. OAM-90012-7/DP-2025")
	plain := []string{"Content-Type", "text/plain; charset=utf-8"}
	runCalls(t, []call{
		{name: "one that is watched", method: "POST", path: path, body: `{"text":"Hello,\nzzzz 2025 0115 9001"}`, want: 200, wantBody: `{"findings":[{"reference":"ZZZZ202501159001","masked":"ZZZZ2025••••9001","kind":"zov","written":"zzzz 2025 0115 9001","hints":["embassy"],"application":"{anna}"}]}`},
		{name: "one that somebody else watches", by: "member", method: "POST", path: path, body: `{"text":"ZZZZ202501159001"}`, want: 200, wantBody: `{"findings":[{"reference":"ZZZZ202501159001"}]}`, wantNot: `"application"`},
		{name: "an embassy that is known, and a near miss", method: "POST", path: path, body: `{"text":"PEKI202501159009, OAM-900012/DP-2025"}`, want: 200, wantBody: `{"findings":[{"kind":"zov","embassy":"Beijing"},{"written":"OAM-900012/DP-2025","reason":"number.too_long"}]}`},
		{name: "nothing", method: "POST", path: path, body: `{"text":"hello"}`, want: 200, wantBody: `{"findings":[]}`},
		{name: "plain text", method: "POST", path: path, headers: plain, body: "OAM-90012-7/DP-2025", want: 200, wantBody: `{"findings":[{"reference":"OAM-90012-7/DP-2025","kind":"oam","masked":"OAM-•••12/DP-2025"}]}`},
		{name: "a form", method: "POST", path: path, headers: []string{"Content-Type", formType}, body: form, want: 200, wantBody: `{"findings":[{"reference":"OAM-90012-7/DP-2025"}]}`},
		{name: "a form that breaks off", method: "POST", path: path, headers: []string{"Content-Type", formType}, body: form[:len(form)-30], want: 422, wantBody: `{"field":"letter"}`},
		{name: "a form without a file", method: "POST", path: path, headers: []string{"Content-Type", "multipart/form-data; boundary=x"}, body: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n", want: 422, wantBody: `{"field":"letter"}`},
		{name: "a form without a boundary", method: "POST", path: path, headers: []string{"Content-Type", "multipart/form-data"}, body: form, want: 422, wantBody: `{"field":"letter"}`},
		{name: "a picture", method: "POST", path: path, headers: plain, body: "\x89PNG\r\n\x1a\n", want: 422, wantBody: `{"field":"letter","reason":"no_text"}`},
		{name: "no text", method: "POST", path: path, headers: plain, body: "\x7fELF\x00", want: 422, wantBody: `{"reason":"unknown"}`},
		{name: "another type", method: "POST", path: path, headers: []string{"Content-Type", "image/png"}, body: "x", want: 415, wantBody: `{"code":"media_type"}`},
		{name: "a letter that is too large", method: "POST", path: path, headers: plain, body: strings.Repeat("x", 5<<20+1), want: 413, wantBody: `{"code":"too_large","reason":"too_large"}`},
		{name: "a body that is too large", method: "POST", path: path, body: `{"text":"` + strings.Repeat("x", maxLetter) + `"}`, want: 413, wantBody: `{"code":"too_large"}`},
		{name: "more than others may send", method: "POST", path: path, body: `{"text":"` + strings.Repeat("x", 100<<10) + ` OAM-9/DP-2025"}`, want: 200, wantBody: `{"findings":[{"reference":"OAM-9/DP-2025"}]}`},
		{name: "as one who only reads", by: "viewer", method: "POST", path: path, body: `{"text":"x"}`, want: 403},
	})
}

// letters is a reader that does what the test says.
type letters func(context.Context, io.Reader) (string, error)

func (l letters) Read(ctx context.Context, r io.Reader) (string, error) { return l(ctx, r) }

func TestLettersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	var fails error
	a := newAppliance(t, func(c *Config) {
		c.Letters = letters(func(context.Context, io.Reader) (string, error) { return "", fails })
	})
	send := func() (int, string) {
		w := a.do("POST", "/api/v1/letters", "secret of the letter", "Content-Type", "application/pdf")
		return w.Code, w.Body.String()
	}
	for _, e := range visa.LetterErrors() {
		fails = e
		if code, body := send(); code != http.StatusUnprocessableEntity && code != http.StatusRequestEntityTooLarge || !strings.Contains(body, `"reason":"`+string(e)+`"`) {
			t.Errorf("%v: %d %s", fails, code, body)
		}
	}
	for _, language := range a.server.cfg.Catalogues.Languages() {
		for _, e := range visa.LetterErrors() {
			if !a.server.cfg.Catalogues.For(language).Has("letter." + string(e)) {
				t.Errorf("the catalogue %s has no words for %s", language, string(e))
			}
		}
		for _, h := range []visa.Hint{visa.HintShort, visa.HintDate, visa.HintCategory, visa.HintOld, visa.HintEmbassy} {
			if !a.server.cfg.Catalogues.For(language).Has("hint." + string(h)) {
				t.Errorf("the catalogue %s has no words for %s", language, h)
			}
		}
	}
	fails = context.DeadlineExceeded
	if code, body := send(); code != http.StatusUnprocessableEntity || !strings.Contains(body, "too_much") {
		t.Errorf("too slow: %d %s", code, body)
	}
	fails = iotest.ErrTimeout
	if code, _ := send(); code != http.StatusInternalServerError {
		t.Errorf("trouble of our own: %d", code)
	}
	for range maxWrong {
		_, _ = send()
	}
	if code, body := send(); code != http.StatusTooManyRequests || !strings.Contains(body, "too_many_tries") {
		t.Errorf("one after the other: %d %s", code, body)
	}
	if strings.Contains(a.log.String(), "secret of") {
		t.Error("the log has what stands in a letter")
	}
}
