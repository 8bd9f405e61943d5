package web

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/go-rod/rod"
)

// axeSource is the script of axe-core, which install-deps.sh brings.
var axeSource = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("axe/node_modules/axe-core/axe.min.js")
	if err != nil {
		return "", fmt.Errorf("this test needs axe-core: sh deployment/install-deps.sh test: %w", err)
	}
	return string(text), nil
})

// axe fails if axe-core finds anything in the page as it is now: of WCAG 2.2, level
// AA and below, or of what is good practice.
func (v *visitor) axe(state string) {
	v.t.Helper()
	for _, found := range v.axeFinds() {
		v.t.Errorf("%s: axe %s", state, found)
	}
}

// axeFinds comes in through developer tools, past the content policy, which stays
// as strict as it is.
func (v *visitor) axeFinds() (all []string) {
	v.t.Helper()
	there, err := v.Eval(`() => typeof axe === 'object'`)
	v.must(err)
	if !there.Value.Bool() {
		source, err := axeSource()
		v.must(err)
		_, err = v.Evaluate(&rod.EvalOptions{JS: `() => {` + source + `}`})
		v.must(err)
	}
	res, err := v.Evaluate(rod.Eval(`async () => {
		for (const turn of document.getAnimations()) { // Colours that are on their way are no colours.
			if (turn.effect.getComputedTiming().endTime === Infinity) turn.cancel(); else turn.finish();
		}
		const run = await axe.run(document, {
			runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'],
			rules: { 'target-size': { enabled: true } },
			resultTypes: ['violations'], preload: false,
		});
		if (run.passes.length === 0) throw new Error('axe has looked at nothing');
		return JSON.stringify(run.violations.map((rule) => ({
			rule: rule.id, help: rule.help, where: rule.nodes.map((node) => node.target.join(' ') + ': ' + node.failureSummary + '\n' + node.html),
		})));
	}`).ByPromise())
	v.must(err)
	var found []struct {
		Rule, Help string
		Where      []string
	}
	v.must(json.Unmarshal([]byte(res.Value.Str()), &found))
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s (%s)\n%s", f.Rule, f.Help, strings.Join(f.Where, "\n")))
	}
	return all
}
