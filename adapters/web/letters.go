package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// Letters reads the text of a letter, a PDF or plain text. Its error is a
// visa.LetterError where the letter is to blame.
type Letters interface {
	Read(ctx context.Context, letter io.Reader) (text string, err error)
}

const (
	// maxLetter is the longest body that brings a letter, in bytes; what is around
	// it in a form comes on top of what Letters takes.
	maxLetter = 5<<20 + 64<<10
	// letterTimeout is how long a letter may take to come and be read.
	letterTimeout = time.Minute
)

// findingView is a number of a letter as the API shows it.
type findingView struct {
	// Reference, Masked and Kind are of a number, Reason and Detail of what only
	// looks like one.
	Reference visa.Reference `json:"reference,omitzero"`
	Masked    string         `json:"masked,omitempty"`
	Kind      visa.Kind      `json:"kind,omitempty"`
	Embassy   string         `json:"embassy,omitempty"`
	Written   string         `json:"written"`
	Hints     []visa.Hint    `json:"hints,omitempty"`
	Reason    string         `json:"reason,omitempty"`
	Detail    string         `json:"detail,omitempty"`
	// Application is that of the number, where the user watches it already.
	Application watch.ID `json:"application,omitempty"`
}

type findingsView struct {
	Findings []findingView `json:"findings"`
}

// pastedInput is a text that somebody has pasted.
type pastedInput struct {
	Text string `json:"text"`
}

// readLetter finds the numbers in a letter or a pasted text, for a form to be
// filled in. Nothing is stored.
func (s *Server) readLetter(c echo.Context) error {
	p := principal(c)
	if !p.MayAdd() {
		return account.ErrForbidden
	}
	ctx, done, err := s.beginLetter(c)
	if err != nil {
		return err
	}
	defer done()
	text, err := s.textOf(ctx, c)
	if err != nil {
		return err
	}
	view, err := s.viewFindings(ctx, p, visa.Find(text, s.today()))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, view)
}

// beginLetter gives leave to read a letter. done must be called.
func (s *Server) beginLetter(c echo.Context) (ctx context.Context, done func(), err error) {
	if wait := s.letters.wrong(principal(c).User.ID, time.Now()); wait > 0 {
		p := &problem{Status: http.StatusTooManyRequests, Code: "too_many_tries", RetryAfter: wait, Detail: "Too many letters at once. Wait a while."}
		return nil, nil, p.as("letters")
	}
	return s.heavy(c, letterTimeout)
}

// textOf returns the text that the request brings, or that of its letter.
func (s *Server) textOf(ctx context.Context, c echo.Context) (string, error) {
	if media, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType)); err == nil && media == echo.MIMEApplicationJSON {
		var in pastedInput
		err := decode(c, &in)
		return in.Text, err
	}
	letter, err := letterOf(c.Request())
	if err != nil {
		return "", err
	}
	return s.letterText(ctx, letter)
}

// letterText returns the text of a letter.
func (s *Server) letterText(ctx context.Context, letter io.Reader) (string, error) {
	text, err := s.cfg.Letters.Read(ctx, letter)
	if problem := bodyProblem(err); problem != nil {
		return "", problem
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "", errNoLetter()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "", visa.ErrLetterTooMuch
	}
	return text, err
}

// letterOf returns the letter in a request: the first file of a form, or the body.
func letterOf(r *http.Request) (io.Reader, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	switch {
	case err == nil && (media == "application/pdf" || media == echo.MIMETextPlain):
		return r.Body, nil
	case err != nil || media != echo.MIMEMultipartForm:
		return nil, &problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "Send the letter as application/pdf or text/plain or as the file of a form (multipart/form-data), or a text as JSON."}
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errNoLetter()
	}
	for range 10 { // parts before it, such as the fields of a form
		part, err := parts.NextPart()
		if problem := bodyProblem(err); problem != nil {
			return nil, problem
		}
		if err != nil {
			return nil, errNoLetter()
		}
		if part.FileName() != "" {
			return part, nil
		}
	}
	return nil, errNoLetter()
}

// errNoLetter answers a form without a file, or one that breaks off.
func errNoLetter() error {
	return badField("letter", "There is no file in the form, or it broke off. Choose the letter and send it again.")
}

// watched returns the applications that p watches already, by the identities of
// the numbers that were found.
func (s *Server) watched(ctx context.Context, p account.Principal, found []visa.Finding) (map[string]watch.ID, error) {
	watched := make(map[string]watch.ID)
	var refs []visa.Reference
	for _, f := range found {
		if f.Problem == nil {
			refs = append(refs, f.Reference)
		}
	}
	known, err := s.cfg.Applications.ByReference(ctx, refs)
	for _, a := range known {
		if _, ok := seatOf(p, a, ""); ok {
			watched[a.Reference.Identity()] = a.ID
		}
	}
	return watched, err
}

// viewFindings shows findings to p, and which of them he watches already.
func (s *Server) viewFindings(ctx context.Context, p account.Principal, found []visa.Finding) (findingsView, error) {
	watched, err := s.watched(ctx, p, found)
	if err != nil {
		return findingsView{}, err
	}
	return findingsView{Findings: viewAll(found, func(f visa.Finding) findingView {
		if f.Problem != nil {
			return findingView{Written: f.Written, Reason: f.Problem.Code(), Detail: f.Problem.Error()}
		}
		ref := f.Reference
		city, _ := visa.Embassy(ref.Prefix())
		return findingView{
			Reference: ref, Masked: ref.Masked(), Kind: ref.Kind(), Embassy: city, Written: f.Written, Hints: f.Hints,
			Application: watched[ref.Identity()],
		}
	})}, nil
}

// letterProblem says why a letter cannot be read.
func letterProblem(e visa.LetterError) *problem {
	p := badField("letter", "%s", e.Error())
	p.Reason = string(e)
	if e == visa.ErrLetterTooLarge {
		p.Status, p.Code = http.StatusRequestEntityTooLarge, "too_large"
	}
	return p
}
