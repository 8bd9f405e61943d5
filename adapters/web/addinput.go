package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
)

const (
	// maxAdd is how many numbers are added at once.
	maxAdd = 50
	// maxAddParts is more than the form of as many has.
	maxAddParts = 20 + maxAdd*8
)

// addInput is what the form for new numbers brings. Nothing of it ever stands in an
// address.
type addInput struct {
	// Text is what was pasted; what was found in a letter is put below it.
	Text string
	// Do is the button, "add" or another, which looks only.
	Do string
	// From is "start" if it belongs to the first steps.
	From string
	// Owner is for whom, as the form says it; Shown for whom the form was made.
	Owner, Shown string
	Person       string
	Channels     []string
	Rows         []addRowInput
	// Read: a letter came along. news: it has numbers that the form does not show,
	// which are to be seen before anything is added.
	Read, news bool
}

// addRowInput is what the form says of one number.
type addRowInput struct {
	Ref, Label, Purpose, Filed string
	Picked                     bool
}

// addInput reads the form, and the letter if one comes along.
func (s *Server) addInput(c echo.Context) (in addInput, err error) {
	var values url.Values
	var letter string
	r := c.Request()
	media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err == nil && media == echo.MIMEMultipartForm {
		values, letter, err = s.addParts(c)
	} else {
		err = form(func(echo.Context) error { return nil })(c)
		values = r.PostForm
	}
	in = addInputOf(values)
	if letter != "" {
		shown := make(map[string]bool)
		for _, f := range s.found(in, true) {
			shown[f.Reference.Identity()] = true
		}
		found := visa.Find(letter, s.today())
		in.Read = true
		for _, f := range found {
			in.news = in.news || f.Problem == nil && !shown[f.Reference.Identity()]
			in.Text = strings.TrimLeft(in.Text+";\n"+f.Written, ";\n") // A comma or the like keeps it apart from the next.
		}
	}
	return in, err
}

// addParts reads a form with a file. What came before an error is returned, too.
func (s *Server) addParts(c echo.Context) (values url.Values, letter string, err error) {
	values = make(url.Values)
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return values, "", echo.ErrBadRequest
	}
	var wrong error // with the letter; what stands behind it is kept all the same
	for range maxAddParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, letter, wrong
		}
		if err == nil && part.FileName() != "" {
			letter, wrong = s.addLetter(c, part)
			continue
		}
		var value []byte
		if err == nil {
			value, err = io.ReadAll(part)
			values.Add(part.FormName(), string(value))
		}
		if problem := bodyProblem(err); problem != nil && wrong == nil {
			return values, "", problem
		}
		if err != nil {
			break
		}
	}
	if wrong != nil { // Such as one so long that nothing behind it came.
		return values, "", wrong
	}
	return values, letter, echo.ErrBadRequest
}

// addLetter returns the text of a letter.
func (s *Server) addLetter(c echo.Context, part *multipart.Part) (string, error) {
	ctx, done, err := s.beginLetter(c)
	if err != nil {
		return "", err
	}
	defer done()
	text, err := s.letterText(ctx, part)
	return text + "\n", err // An empty letter is one, too.
}

func addInputOf(values url.Values) addInput {
	in := addInput{
		Text: cutText(values.Get("text")), Do: values.Get("do"), Owner: values.Get("owner"), Shown: values.Get("shown"),
		Person: values.Get("person"), Channels: values["channel"],
	}
	if values.Get("from") == fromStart {
		in.From = fromStart
	}
	for _, shared := range []string{"title", "url"} { // What another app shares with this one.
		if more := values.Get(shared); more != "" {
			in.Text = cutText(strings.TrimSpace(in.Text + "\n" + more))
		}
	}
	picked := make(map[string]bool)
	for _, n := range values["pick"] {
		picked[n] = true
	}
	for i := range maxAdd {
		n := strconv.Itoa(i)
		if ref := values.Get("ref." + n); ref != "" {
			in.Rows = append(in.Rows, addRowInput{
				Ref: ref, Label: strings.TrimSpace(values.Get("label." + n)), Purpose: values.Get("purpose." + n), Filed: values.Get("filed." + n), Picked: picked[n],
			})
		}
	}
	return in
}

// cutText returns as much of a text as is looked at.
func cutText(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), visa.MaxText)], "")
}

// picked returns the numbers that are to be added.
func (in addInput) picked() (rows []addRowInput) {
	for _, row := range in.Rows {
		if row.Picked {
			rows = append(rows, row)
		}
	}
	return rows
}

// found returns the numbers of the text and, with rows, those of the form that do
// not stand there any more.
func (s *Server) found(in addInput, rows bool) []visa.Finding {
	found := visa.Find(in.Text, s.today())
	if !rows {
		return found
	}
	there := make(map[string]bool, len(found))
	for _, f := range found {
		there[f.Reference.Identity()] = true
	}
	for _, row := range in.Rows {
		for _, f := range visa.Find(row.Ref, s.today()) {
			if id := f.Reference.Identity(); !there[id] {
				there[id] = true
				found = append(found, f)
			}
		}
	}
	return found
}

// owner returns for whom something is to be added.
func (in addInput) owner(p account.Principal) (account.Owner, error) { return ownerOf(p, &in.Owner) }

// statusOr is the status of an answer that may say that something is wrong.
func statusOr(wrong bool) int {
	if wrong {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}
