package portaltest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cz-visa-monitor/app/visa"
)

// Direct sends the question that the form would send, without a browser, and
// returns the state or the message of the response. It is the floor that a
// benchmark compares a check with. base is the replica's URL without a path.
func Direct(ctx context.Context, client *http.Client, base string, q visa.Query) (state string, err error) {
	query := url.Values{"idCj": {q.Number}, "database": {q.Category}, "year": {q.Year}, "zov": {q.ZOV}}
	body := strings.NewReader(`{"captcha":"` + tokenPrefix + `direct"}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+QuestionPath+"?"+query.Encode(), body)
	if err != nil {
		return "", fmt.Errorf("make the question: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the replica: %w", err)
	}
	defer resp.Body.Close()
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(resp.Body); err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	var answer response
	if err := json.Unmarshal(buf.Bytes(), &answer); err != nil {
		return "", fmt.Errorf("read the answer with HTTP status %d: %w", resp.StatusCode, err)
	}
	return cmp.Or(answer.State, answer.Message), nil
}
