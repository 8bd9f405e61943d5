package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"cz-visa-monitor/app/strictjson"
)

// decode reads the body of c, one JSON object, into v. Everything that v has
// no place for is refused, so that a misspelt field is not lost in silence.
func decode(c echo.Context, v any) error {
	media, params, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if charset := params["charset"]; err != nil || media != echo.MIMEApplicationJSON || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return &problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "Send JSON, with the header Content-Type: application/json."}
	}
	body, err := io.ReadAll(c.Request().Body)
	if p := bodyProblem(err); p != nil {
		return p
	}
	if err != nil {
		return badJSON("The body broke off. Send it again.")
	}
	return decodeJSON(body, v)
}

// bodyProblem answers for a body that is too large or too slow, nil for another error.
func bodyProblem(err error) *problem {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "The body is too large. Send less at once."}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &problem{Status: http.StatusRequestTimeout, Code: "slow", Detail: "The body came too slowly. Send it again."}
	}
	return nil
}

// form reads the form of a page before its handler looks into it: one that is too
// large or breaks off would be taken for one in which nothing was filled in.
func form(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		media, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
		if r.ContentLength != 0 && (err != nil || media != echo.MIMEApplicationForm) {
			return &problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "Send a form, with the header Content-Type: application/x-www-form-urlencoded."}
		}
		err = r.ParseForm()
		if p := bodyProblem(err); p != nil {
			return p
		}
		if err != nil {
			return echo.ErrBadRequest
		}
		return next(c)
	}
}

func badJSON(detail string) *problem {
	return &problem{Status: http.StatusBadRequest, Code: "bad_json", Detail: detail}
}

// decodeJSON reads body into v. Its errors are *problem.
func decodeJSON(body []byte, v any) error {
	if !utf8.Valid(body) {
		return badJSON("The body is not UTF-8.")
	}
	if !json.Valid(body) || bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
		return badJSON("The body is not one JSON object.")
	}
	if err := checkValues(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return badField(e.Field, "The field %s holds a %s; it must hold %s.", e.Field, e.Value, jsonType(e.Type.Kind()))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return badField(name, "The field %s cannot be given here.", name)
	}
	return badJSON("The body cannot be read.")
}

// maxDepth is more than any body of ours is nested.
const maxDepth = 16

// checkValues refuses null where a value should be, and a name that is given
// twice. body is valid JSON.
func checkValues(body []byte) error {
	err := strictjson.Check(body, maxDepth)
	if err == nil {
		return nil
	}
	if errors.Is(err, strictjson.ErrNull) {
		return badJSON("null is no value here. Leave the field out, or give an empty text to clear it.")
	}
	if twice, ok := errors.AsType[*strictjson.TwiceError](err); ok {
		return badField(twice.Name, "The field %s is given twice.", twice.Name)
	}
	return badJSON("The body cannot be read.")
}

// jsonType returns what JSON calls a value of Go kind k.
func jsonType(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	}
	return "a number"
}
