package archive

import (
	"context"
	"fmt"
	"io"
	"time"

	"cz-visa-monitor/app/account"
	"cz-visa-monitor/app/alert"
	"cz-visa-monitor/app/dossier"
	"cz-visa-monitor/app/watch"
)

// ChannelKeeper keeps channels.
type ChannelKeeper interface {
	// Channels returns all channels, the oldest first.
	Channels(ctx context.Context) ([]alert.Channel, error)
	// AddChannel stores a new channel.
	AddChannel(ctx context.Context, c alert.Channel) error
}

// PersonKeeper keeps people.
type PersonKeeper interface {
	People
	// AddPerson stores a new person; dossier.ErrFull.
	AddPerson(ctx context.Context, p dossier.Person) error
	// EditPerson hands a person to edit, which is one of dossier.Edit, and stores
	// what it made; dossier.ErrNotFound.
	EditPerson(ctx context.Context, id string, edit func(*dossier.Person) error) (dossier.Person, error)
}

// Opener opens age files.
type Opener interface {
	OpenFile(sealed []byte) ([]byte, error)
}

// Target is where an import goes. Nothing may be nil but Opener.
type Target struct {
	// Owner says to whom is to belong here what is o's in the archive: To or
	// Recreate. It is asked once for each.
	Owner func(ctx context.Context, o Owner) (account.Owner, error)
	// Applications takes in what is watched: the engine of a running appliance,
	// or the store of one that stands still.
	Applications watch.Adopter
	Channels     ChannelKeeper
	People       PersonKeeper
	// Kinds are the kinds of channel, Validate says whether the kind and the
	// fields of a channel can be, Languages in which languages messages can be.
	Kinds     []alert.ChannelKind
	Validate  func(alert.Channel) error
	Languages []string
	// MinInterval is the least time between two checks; shorter wishes become it.
	MinInterval time.Duration
	// Zone is where the people live.
	Zone *time.Location
	// Opener opens people that are age files; nil for none.
	Opener Opener
	// Trusted: whoever imports holds the data directory anyway. Sealed people of
	// every owner are opened, and channels for operators stay so. Otherwise a
	// sealed person is opened only for the owner who stands in it: an age file
	// that somebody has found is not to be read by importing it.
	Trusted bool
	// DryRun: nothing is stored. What depends on what would have been stored
	// before, such as whether there still is room, is not known then.
	DryRun bool
}

// batchSize is how many applications one transaction takes in.
const batchSize = 100

// Import takes in an archive. Whatever is there already is left as it is, so that
// an import that broke off is simply made again. What cannot be taken in is left
// out and stands in the report, which is right also with an error: ErrFormat and
// ErrNewer, that of r, or that of the target. Nothing is told to anybody.
func Import(ctx context.Context, r io.Reader, into Target) (Report, error) {
	i := &importer{
		Target: into, report: Report{DryRun: into.DryRun, Refused: []Refusal{}}, now: time.Now().In(into.Zone),
		owners: make(map[account.Owner]account.Owner), channels: make(map[string]alert.Channel),
		applications: make(map[string]watch.ID), people: make(map[account.Owner]map[string]dossier.Person),
	}
	err := newReader(r).read(func(list string, n int, item []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return i.take(ctx, list, fmt.Sprintf("%s[%d]", list, n), item)
	})
	if err == nil {
		err = i.flush(ctx)
	}
	if err != nil {
		return i.report, fmt.Errorf("import: %w", err)
	}
	return i.report, nil
}

// importer is one import.
type importer struct {
	Target
	report Report
	now    time.Time // in Zone

	// owners and channels are those here, by their IDs in the archive.
	owners   map[account.Owner]account.Owner
	channels map[string]alert.Channel
	// standing are all channels there are; nil before they were read.
	standing []alert.Channel
	// batch waits to be taken in, places says where each stands in the archive.
	batch  []watch.Adoption
	places []place
	// applications are the IDs here, by the owner here and the ID in the archive.
	applications map[string]watch.ID
	// people are those of each owner, by what tells them from one another.
	people map[account.Owner]map[string]dossier.Person
}

// take takes in one item. What is wrong with it is noted; an error ends the import.
func (i *importer) take(ctx context.Context, list, at string, item []byte) error {
	if list != "applications" {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	var err error
	var tally *Tally
	switch list {
	case "owners":
		err = i.owner(ctx, item)
	case "channels":
		tally = &i.report.Channels
		err = i.channel(ctx, item)
	case "applications":
		tally = &i.report.Applications
		err = i.application(ctx, at, item)
	case "people":
		tally = &i.report.People
		err = i.person(ctx, item)
	}
	if err == nil || !isRefusal(err) {
		return err
	}
	if tally != nil {
		tally.Refused++
	}
	i.report.refuse(at, err)
	return nil
}

// errOwner: something names an owner who was not taken in.
const errOwner = refusal("belongs to an owner who is not in the archive, or was left out")

func (i *importer) owner(ctx context.Context, item []byte) error {
	var o Owner
	if err := strict(item, &o); err != nil {
		return err
	}
	if !o.ID.Valid() {
		return refusal("has an id that is none of an owner")
	}
	if _, twice := i.owners[o.ID]; twice {
		return refusal("is there twice")
	}
	to, err := i.Owner(ctx, o)
	if err != nil {
		return err
	}
	i.owners[o.ID] = to
	return nil
}
