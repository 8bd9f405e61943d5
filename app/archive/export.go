package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// Applications reads what is watched.
type Applications interface {
	// Applications calls yield for every application behind after that one of
	// owners watches, the oldest first, until it returns false.
	Applications(ctx context.Context, owners []account.Owner, after watch.ID, yield func(watch.Application) bool) error
	// History returns the newest entries of an application, newest first, or
	// watch.ErrNotFound.
	History(ctx context.Context, id watch.ID, most int) ([]watch.Entry, error)
}

// Messages reads the ways to reach people, and what went through them.
type Messages interface {
	// Channels returns all channels, the oldest first.
	Channels(ctx context.Context) ([]alert.Channel, error)
	// Deliveries returns at most most deliveries that want accepts, newest
	// first; before, if not empty, is the ID to continue after.
	Deliveries(ctx context.Context, before string, most int, want func(alert.Delivery) bool) ([]alert.Delivery, error)
}

// People reads people.
type People interface {
	// People calls yield for the people of owners behind after, the oldest
	// first, until it returns false.
	People(ctx context.Context, owners []account.Owner, after string, yield func(dossier.Person) bool) error
}

// Accounts reads users and groups.
type Accounts interface {
	// FirstUser returns the ID to whom belongs what was there before accounts.
	FirstUser(ctx context.Context) (id string, exists bool, err error)
	// User returns a user, or account.ErrNoUser.
	User(ctx context.Context, id string) (account.User, error)
	Users(ctx context.Context) ([]account.User, error)
	Group(ctx context.Context, id string) (account.Group, error)
	GroupsOf(ctx context.Context, user string) ([]account.Group, error)
}

// Sealer makes age files.
type Sealer interface {
	SealFile(plain []byte) ([]byte, error)
}

// ExporterConfig is what NewExporter needs. Nothing may be nil.
type ExporterConfig struct {
	Applications Applications
	Messages     Messages
	People       People
	Accounts     Accounts
	// Kinds say which fields of a channel are secret.
	Kinds []alert.ChannelKind
	// Sealer seals people.
	Sealer Sealer
}

// Exporter writes archives and tables. Its methods may be called from several
// goroutines, and hold no more than a page of what they write. What is changed
// meanwhile may or may not be in it.
type Exporter struct{ cfg ExporterConfig }

// NewExporter returns an Exporter.
func NewExporter(c ExporterConfig) *Exporter { return &Exporter{cfg: c} }

// Scope says what is exported.
type Scope struct {
	// Owner is whose things they are; "" is everybody's.
	Owner account.Owner
	// Secrets: with the secret fields of channels.
	Secrets bool
	// Plain: with people as plain objects. Otherwise each is an age file, and a
	// file that lies around gives no passport away.
	Plain bool
}

// The sizes of pages. One transaction reads a page, and ends before it is
// written: a slow reader must not keep the store's file from being reused.
const (
	pageApplications = 500
	pagePeople       = 200
	pageDeliveries   = 500
	// maxHistory is how many entries of an application are written and read; the
	// store keeps no more.
	maxHistory = 500
)

// Write writes an archive to w.
func (e *Exporter) Write(ctx context.Context, w io.Writer, s Scope) error {
	out := &writer{w: bufio.NewWriter(w)}
	if err := e.write(ctx, out, s); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := out.w.Flush(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func (e *Exporter) write(ctx context.Context, out *writer, s Scope) error {
	owners, err := e.owners(ctx, s)
	if err != nil {
		return err
	}
	out.head(time.Now())
	out.begin("owners")
	for _, o := range owners {
		out.put(o)
	}
	ids := idsOf(owners)
	for _, part := range []struct {
		name  string
		write func(context.Context, *writer, []account.Owner, Scope) error
	}{
		{"channels", e.channels}, {"applications", e.applications}, {"people", e.people}, {"deliveries", e.deliveries},
	} {
		out.begin(part.name)
		if err := part.write(ctx, out, ids, s); err != nil {
			return err
		}
	}
	out.end()
	return out.err
}

func idsOf(owners []Owner) []account.Owner {
	ids := make([]account.Owner, len(owners))
	for i, o := range owners {
		ids[i] = o.ID
	}
	return ids
}

// channels writes the channels of owners.
func (e *Exporter) channels(ctx context.Context, out *writer, owners []account.Owner, s Scope) error {
	all, err := e.cfg.Messages.Channels(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if slices.Contains(owners, c.Owner) {
			out.put(e.channel(c, s.Secrets))
		}
	}
	return nil
}

func (e *Exporter) channel(c alert.Channel, secrets bool) Channel {
	out := Channel{
		ID: c.ID, Owner: c.Owner, Name: c.Name, Kind: c.Kind, Fields: make(map[string]string), Privacy: c.Privacy,
		Language: c.Language, Operator: c.Operator, Paused: c.Paused, Quiet: Quiet(c.Quiet), Digest: c.Digest, Zone: c.Zone,
		CreatedAt: c.CreatedAt.UTC(),
	}
	known := fieldsOf(e.cfg.Kinds, c.Kind)
	for name, value := range c.Fields {
		// A field that nobody knows may be a secret as well.
		i := slices.IndexFunc(known, func(f alert.ChannelField) bool { return f.Name == name })
		if secrets || i >= 0 && !known[i].Secret {
			out.Fields[name] = value
		} else {
			out.Missing = append(out.Missing, name)
		}
	}
	slices.Sort(out.Missing)
	return out
}

// fieldsOf returns the fields of a kind of channel; none if there is no such kind.
func fieldsOf(kinds []alert.ChannelKind, name string) []alert.ChannelField {
	for _, k := range kinds {
		if k.Name == name {
			return k.Fields
		}
	}
	return nil
}

// applications writes what owners watch.
func (e *Exporter) applications(ctx context.Context, out *writer, owners []account.Owner, s Scope) error {
	return e.eachApplication(ctx, owners, func(a watch.Application) error {
		entries, err := e.cfg.Applications.History(ctx, a.ID, maxHistory)
		if errors.Is(err, watch.ErrNotFound) {
			return nil // Removed meanwhile.
		}
		if err != nil {
			return err
		}
		out.put(applicationOf(a, entries, s.Owner))
		return out.err
	})
}

// eachApplication calls yield for what owners watch, between transactions.
func (e *Exporter) eachApplication(ctx context.Context, owners []account.Owner, yield func(watch.Application) error) error {
	for after := watch.ID(""); ; {
		page := make([]watch.Application, 0, pageApplications)
		err := e.cfg.Applications.Applications(ctx, owners, after, func(a watch.Application) bool {
			page = append(page, a)
			return len(page) < pageApplications && ctx.Err() == nil
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for _, a := range page {
			if err := yield(a); err != nil {
				return err
			}
			after = a.ID
		}
		if len(page) < pageApplications {
			return nil
		}
	}
}

// people writes the people of owners.
func (e *Exporter) people(ctx context.Context, out *writer, owners []account.Owner, s Scope) error {
	return e.eachPerson(ctx, owners, func(p dossier.Person) error {
		person := personOf(p)
		if !s.Plain {
			var err error
			if person, err = e.seal(person); err != nil {
				return err
			}
		}
		out.put(person)
		return out.err
	})
}

// seal returns a person as an age file. The owner stands in it too: what is
// opened for somebody must be his.
func (e *Exporter) seal(p Person) (Person, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return Person{}, fmt.Errorf("encode a person: %w", err)
	}
	file, err := e.cfg.Sealer.SealFile(plain)
	if err != nil {
		return Person{}, fmt.Errorf("seal a person: %w", err)
	}
	return Person{Owner: p.Owner, Age: armored(file)}, nil
}

// eachPerson calls yield for the people of owners, between transactions.
func (e *Exporter) eachPerson(ctx context.Context, owners []account.Owner, yield func(dossier.Person) error) error {
	for after := ""; ; {
		page := make([]dossier.Person, 0, pagePeople)
		err := e.cfg.People.People(ctx, owners, after, func(p dossier.Person) bool {
			page = append(page, p)
			return len(page) < pagePeople && ctx.Err() == nil
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := yield(p); err != nil {
				return err
			}
			after = p.ID
		}
		if len(page) < pagePeople {
			return nil
		}
	}
}

// deliveries writes what was sent to owners.
func (e *Exporter) deliveries(ctx context.Context, out *writer, owners []account.Owner, _ Scope) error {
	for before := ""; ; {
		page, err := e.cfg.Messages.Deliveries(ctx, before, pageDeliveries, func(d alert.Delivery) bool {
			return slices.Contains(owners, d.Owner)
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for _, d := range page {
			out.put(deliveryOf(d))
			before = d.ID
		}
		if len(page) < pageDeliveries || out.err != nil {
			return out.err
		}
	}
}

// writer writes the parts of an archive. It keeps its first error.
type writer struct {
	w     *bufio.Writer
	err   error
	first bool
	open  bool
}

// head writes what stands before the first list.
func (w *writer) head(now time.Time) {
	at, _ := now.UTC().Truncate(time.Second).MarshalText() // The year has four digits.
	w.text(fmt.Sprintf(`{"format":%q,"version":%d,"exported_at":%q`, Format, Version, at))
}

// begin ends the list before and begins one of this name.
func (w *writer) begin(name string) {
	if w.open {
		w.text("\n]")
	}
	w.text(",\n" + `"` + name + `":[`)
	w.open, w.first = true, true
}

// put writes an item of the list, one a line.
func (w *writer) put(v any) {
	line, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encode an item: %w", err)
	}
	comma := ","
	if w.first {
		comma, w.first = "", false
	}
	w.text(strings.Join([]string{comma, "\n", string(line)}, ""))
}

func (w *writer) end() { w.text("\n]}\n") }

func (w *writer) text(s string) {
	if w.err == nil {
		_, w.err = w.w.WriteString(s)
	}
}
