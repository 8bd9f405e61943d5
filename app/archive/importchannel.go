package archive

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
)

// The bounds of channels. Lengths are in characters.
const (
	maxChannels    = 500
	maxChannelName = 100
	maxFieldValue  = 4096
)

func (i *importer) channel(ctx context.Context, item []byte) error {
	var in Channel
	if err := strict(item, &in); err != nil {
		return err
	}
	owner, ok := i.owners[in.Owner]
	if !ok {
		return errOwner
	}
	if _, twice := i.channels[in.ID]; in.ID == "" || twice {
		return refusal("has no id, or that of another channel")
	}
	c := alert.Channel{
		ID: account.NewID(i.now), Owner: owner, Name: in.Name, Kind: in.Kind, Fields: in.Fields, Privacy: in.Privacy,
		Language: in.Language, Operator: in.Operator && i.Trusted, Paused: in.Paused, Quiet: alert.Quiet(in.Quiet), Digest: in.Digest, Zone: in.Zone,
		CreatedAt: i.now,
	}
	if err := i.checkChannel(c); err != nil {
		return err
	}
	if err := i.readChannels(ctx); err != nil {
		return err
	}
	if at := slices.IndexFunc(i.standing, func(s alert.Channel) bool { return i.same(s, c, in.Missing) }); at >= 0 {
		i.channels[in.ID] = i.standing[at]
		i.report.Channels.Skipped++
		return nil
	}
	if len(in.Missing) > 0 {
		return refusal("comes without its secrets, which were not exported; add it by hand under the same name, then import again")
	}
	if err := i.Validate(c); err != nil {
		return err
	}
	if len(i.standing) >= maxChannels {
		return refusal(fmt.Sprintf("is one too many: there are %d channels, which is all the appliance holds", maxChannels))
	}
	if !i.DryRun {
		if err := i.Channels.AddChannel(ctx, c); err != nil {
			return err
		}
	}
	i.standing = append(i.standing, c)
	i.channels[in.ID] = c
	i.report.Channels.Added++
	return nil
}

// readChannels reads the channels that stand, once.
func (i *importer) readChannels(ctx context.Context) (err error) {
	if i.standing == nil {
		i.standing, err = i.Channels.Channels(ctx)
	}
	return err
}

// same reports whether the channel that stands is the one of the archive: of the
// same owner, name and kind, with the same fields but for those that are missing.
func (i *importer) same(stands, c alert.Channel, missing []string) bool {
	if stands.Owner != c.Owner || stands.Name != c.Name || stands.Kind != c.Kind {
		return false
	}
	fields := maps.Clone(stands.Fields)
	for _, name := range missing {
		delete(fields, name)
	}
	return maps.Equal(fields, c.Fields)
}

// checkChannel reports the first thing that cannot be in a channel, but for what
// Validate knows of.
func (i *importer) checkChannel(c alert.Channel) error {
	switch {
	case c.Name == "" || utf8.RuneCountInString(c.Name) > maxChannelName || strings.ContainsFunc(c.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &alert.FieldError{Field: "name", Problem: fmt.Sprintf("must have 1 to %d characters that can be seen", maxChannelName)}
	case c.Privacy != alert.Full && c.Privacy != alert.Masked && c.Privacy != alert.Silent:
		return &alert.FieldError{Field: "privacy", Problem: "must be full, masked or silent"}
	case !slices.Contains(i.Languages, c.Language):
		return &alert.FieldError{Field: "language", Problem: "must be one of " + strings.Join(i.Languages, ", ")}
	}
	for name, value := range c.Fields {
		if utf8.RuneCountInString(name) > maxFieldValue || utf8.RuneCountInString(value) > maxFieldValue {
			return &alert.FieldError{Field: "fields", Problem: fmt.Sprintf("hold something longer than %d characters", maxFieldValue)}
		}
	}
	return c.CheckTimes()
}
