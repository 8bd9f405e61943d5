package czmoi

import (
	"context"
	"math/rand/v2"
	"time"

	"cz-visa-monitor/adapters/browser"
	"cz-visa-monitor/app/watch"
)

// fill types what differs from what the form already holds, also where that
// means to empty a field of the check before.
func (c *check) fill(ctx context.Context, have map[string]string) error {
	want := c.wanted()
	for _, name := range []string{"number", "suffix"} {
		if err := c.write(ctx, name, have[name], want[name]); err != nil {
			return err
		}
	}
	for _, name := range []string{"category", "year"} {
		if want[name] == "" || have[name] == want[name] {
			continue
		}
		if err := c.choose(ctx, name, want[name]); err != nil {
			return err
		}
	}
	return c.write(ctx, "zov", have["zov"], want["zov"])
}

// write replaces what a text field holds.
func (c *check) write(ctx context.Context, name, have, want string) error {
	if have == want {
		return nil
	}
	var focused bool
	if err := c.do(ctx, &focused, "focus", name); err != nil {
		return err
	}
	if !focused {
		return c.layoutChanged(ctx, "the field cannot be typed into: "+name)
	}
	if want == "" {
		return c.page.Press(ctx, browser.Backspace) // all of it is selected
	}
	return c.keyIn(ctx, want)
}

// keyIn types at a person's pace, or at once if no pace is set.
func (c *check) keyIn(ctx context.Context, text string) error {
	if c.cfg.KeyDelay <= 0 {
		return c.page.Insert(ctx, text)
	}
	for _, char := range text {
		if err := pause(ctx, jitter(c.cfg.KeyDelay)); err != nil {
			return err
		}
		if err := c.page.Type(ctx, char); err != nil {
			return err
		}
	}
	return nil
}

// optionWait is how long a dropdown may take to show what was typed.
const optionWait = 3 * time.Second

// choose picks an option of a dropdown by its exact text.
func (c *check) choose(ctx context.Context, name, text string) error {
	var there bool
	if err := c.do(ctx, &there, "open", name); err != nil {
		return err
	}
	if !there {
		return c.layoutChanged(ctx, "the dropdown cannot be typed into: "+name)
	}
	if err := c.keyIn(ctx, text); err != nil {
		return err
	}
	for pressed := 0; ; pressed++ {
		var option struct {
			Steps  int  `json:"steps"` // down from the focused option; -1: not there
			Count  int  `json:"count"` // of options
			Silent bool `json:"silent"`
		}
		if err := c.do(ctx, &option, "option", map[string]any{"name": name, "text": text, "wait": optionWait.Milliseconds()}); err != nil {
			return err
		}
		switch {
		case option.Silent:
			return c.layoutChanged(ctx, "the dropdown shows no options: "+name)
		case option.Steps < 0:
			return fail(watch.NotOffered, "the form does not offer this "+name)
		case option.Steps == 0:
			return c.page.Press(ctx, browser.Tab)
		case pressed >= option.Count:
			return c.layoutChanged(ctx, "the dropdown does not move on: "+name)
		}
		if err := c.page.Press(ctx, browser.ArrowDown); err != nil {
			return err
		}
	}
}

// jitter spreads a delay evenly around its mean, from half to one and a half.
func jitter(mean time.Duration) time.Duration {
	return mean/2 + rand.N(mean) //nolint:gosec // not a secret
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
