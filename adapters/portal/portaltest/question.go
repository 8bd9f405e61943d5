package portaltest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// QuestionPath is where the form sends its question, by POST.
const QuestionPath = "/api/ip/external/proceedings/state/cj/zov"

// tokenPrefix begins every token of the page's stand-in for reCAPTCHA that was
// made for the right action.
const tokenPrefix = "replica.proceedings."

// question is what the form asks. Fields of the unused section are empty.
type question struct {
	zov, number, category, year string
}

// response is the portal's answer. State and Identification, or Message, are the
// real portal's; Alert is an addition of the replica.
type response struct {
	State          string `json:"state,omitempty"`
	Identification string `json:"identification,omitempty"`
	Message        string `json:"message,omitempty"`
	Alert          *alert `json:"alert,omitempty"`
}

// identity returns the number that is asked for.
func (q question) identity(oamWins bool) string {
	if q.zov == "" || oamWins && q.number != "" {
		return fmt.Sprintf("%s%s/%s-%s", oamPrefix, q.number, q.category, q.year)
	}
	return q.zov
}

var errCaptcha = errors.New("the captcha token is missing or was not made by the page")

// readQuestion reads a request as the page sends it, and nothing else.
func readQuestion(w http.ResponseWriter, req *http.Request) (question, error) {
	if req.Method != http.MethodPost {
		return question{}, fmt.Errorf("the method is %s, not POST", req.Method)
	}
	query := req.URL.Query()
	for name, values := range query {
		if !slices.Contains([]string{"idCj", "database", "year", "zov"}, name) || len(values) != 1 {
			return question{}, fmt.Errorf("the query has the parameter %q %d times", name, len(values))
		}
	}
	if len(query) != 4 {
		return question{}, errors.New("the query lacks a parameter")
	}
	q := question{zov: query.Get("zov"), number: query.Get("idCj"), category: query.Get("database"), year: query.Get("year")}
	if media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type")); media != "application/json" {
		return q, fmt.Errorf("the content type is %q, not application/json", media)
	}
	var body struct {
		Captcha string `json:"captcha"`
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, req.Body, 64<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		return q, fmt.Errorf("read the body: %w", err)
	}
	if !strings.HasPrefix(body.Captcha, tokenPrefix) {
		return q, errCaptcha
	}
	return q, nil
}

// wrong says what is wrong with a well-formed question, or "".
func (q question) wrong() string {
	oam := q.number != "" && q.category != "" && q.year != ""
	switch {
	case q.zov != "" && q.number != "":
		return "both sections of the form were filled in"
	case q.zov == "" && !oam:
		return "no section of the form was filled in completely"
	}
	return ""
}

func (r *Replica) serveQuestion(w http.ResponseWriter, req *http.Request) {
	q, err := readQuestion(w, req)
	switch {
	case errors.Is(err, errCaptcha):
		r.problem("question: %v", err)
		writeJSON(w, http.StatusBadRequest, response{Message: "Recaptcha verification failed"})
		return
	case err != nil:
		r.problem("question: %v", err)
		writeJSON(w, http.StatusBadRequest, response{Message: "BAD_REQUEST"})
		return
	}
	if wrong := q.wrong(); wrong != "" {
		r.problem("question: %s", wrong)
	}

	number := q.identity(r.cfg.OAMWins)
	if r.cfg.AcceptLeadingZeros {
		number = strings.Replace(number, oamPrefix+q.number, oamPrefix+strings.TrimLeft(q.number, "0"), 1)
	}
	entry := r.asked(number)
	answer, delay := r.next(number)
	if strings.HasPrefix(number, oamPrefix+"0") {
		answer = Answer{Outcome: NotFound}
	}
	if !pause(req, delay) {
		return
	}
	if answer.Fault != "" {
		r.done(entry, answer.Fault, r.fail(w, answer.Fault, answer.RetryAfter, "en"))
		return
	}
	r.done(entry, "", r.reply(w, answer, number))
}

// reply writes the answer and returns its status.
func (r *Replica) reply(w http.ResponseWriter, a Answer, number string) int {
	if err := a.Validate(); err != nil {
		r.problem("script: %v", err)
		writeJSON(w, http.StatusInternalServerError, response{Message: "BAD_SCRIPT"})
		return http.StatusInternalServerError
	}
	if a.About != "" {
		number = identity(a.About)
	}
	shown := a.render(number)
	if a.outcome() == NotFound {
		writeJSON(w, r.cfg.NotFoundStatus, response{Message: "ENTITY_NOT_EXIST", Alert: &shown})
		return r.cfg.NotFoundStatus
	}
	state := cmp.Or(a.State, wordings()[a.outcome()].state)
	writeJSON(w, http.StatusOK, response{State: state, Identification: number, Alert: &shown})
	return http.StatusOK
}

func (r *Replica) serveSwallowed(w http.ResponseWriter, req *http.Request) {
	req.Body = http.MaxBytesReader(w, req.Body, 64<<10)
	q := question{
		zov: req.FormValue("zov"), number: req.FormValue("number"),
		category: req.FormValue("category"), year: req.FormValue("year"),
	}
	r.swallowed(q.identity(false))
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away needs no answer
}

// pause waits for d and reports whether the client is still there.
func pause(req *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-req.Context().Done():
		return false
	}
}
