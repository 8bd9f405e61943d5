package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/visa"
	"cz-visa-monitor/app/watch"
)

// version names an application as it is shown. Its two parts make one ETag:
// If-None-Match asks about both, If-Match only about the settings, because a
// check that was made meanwhile is no reason to refuse what a person wants.
type version struct {
	// settings is a hash of all that people can change.
	settings string
	// revision counts everything, checks included.
	revision uint64
}

func versionOf(st seat, standing map[string]account.Owner) (version, error) {
	w := st.watcher
	text, err := json.Marshal(struct {
		Owner                   account.Owner
		Label, Note             string
		Channels                []string
		Interval                time.Duration
		Paused, Muted, Archived bool
		Purpose                 visa.Purpose
		Dates                   visa.Dates
	}{w.Owner, w.Label, w.Note, standingOf(w, standing), w.Interval, w.Paused, w.Muted, w.Archived, w.Purpose, w.Dates})
	if err != nil {
		return version{}, fmt.Errorf("make an ETag: %w", err)
	}
	sum := sha256.Sum256(text)
	return version{settings: hex.EncodeToString(sum[:8]), revision: st.app.Revision}, nil
}

// standingOf returns those channels of w that still exist; never nil.
func standingOf(w watch.Watcher, standing map[string]account.Owner) []string {
	left := make([]string, 0, len(w.Channels))
	for _, id := range w.Channels {
		if standing[id] == w.Owner {
			left = append(left, id)
		}
	}
	return left
}

// tag is the ETag.
func (v version) tag() string {
	return `"` + v.settings + "-" + strconv.FormatUint(v.revision, 10) + `"`
}

// mayChange reports whether the header If-Match allows an edit.
func (v version) mayChange(header string) bool {
	return header == "" || anyTag(header, func(t string) bool { return t == "*" || strings.HasPrefix(t, `"`+v.settings+"-") })
}

// matches reports whether the header If-None-Match names tag.
func matches(header, tag string) bool {
	return anyTag(header, func(t string) bool { return t == "*" || t == tag })
}

// anyTag reports whether one of the tags of a header is the one.
func anyTag(header string, isIt func(string) bool) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(t string) bool {
		return isIt(strings.TrimPrefix(strings.TrimSpace(t), "W/"))
	})
}
