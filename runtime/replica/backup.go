package replica

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/resetgen/resetgen/runtime/merge"
	"github.com/resetgen/resetgen/runtime/model"
	"github.com/resetgen/resetgen/runtime/reconcile"
	"github.com/resetgen/resetgen/runtime/remote"
	"github.com/resetgen/resetgen/runtime/store"
)

// ErrBackupDamaged: a backup, or its manifest, is not what it was when it was made.
var ErrBackupDamaged = errors.New("the backup is damaged")

// ErrBackupNeeded: a backup is the only place of changes that are not settled with
// the backend, or that it has lost.
var ErrBackupNeeded = errors.New("the backup is still needed")

// Backup is a store that a client reset, or Restore, has put aside. It lies beside
// the live store in the folder backups, with this as its manifest.
type Backup struct {
	Path       string        `json:"path"`
	ReportPath string        `json:"report"` // of the reset, as JSON; what it does not list is beside it (Report.RestFile)
	Made       time.Time     `json:"made"`
	Reason     remote.Reason `json:"reason"`
	Detail     string        `json:"detail,omitempty"`

	Client     string              `json:"client"` // the id under which the backend knew it
	Models     []string            `json:"models"` // of the version of the app that made it
	Fields     map[string][]string `json:"fields"` // of each of the models
	LastSynced *store.LastSynced   `json:"last_synced,omitempty"`
	SHA256     string              `json:"sha256"`

	Total  int               `json:"total"`  // objects with unsynced changes
	Counts []reconcile.Count `json:"counts"` // what became of them
	Failed int               `json:"failed"` // of them, those that are in this backup only

	// NotRecovered are the first of those that failed or were dropped; the report has
	// them all.
	NotRecovered []NotRecovered `json:"not_recovered,omitempty"`

	// Settled: what was recovered from it has reached the backend, or was taken back
	// here. TakenBack: some of it was, before it was sent, by Discard, by a deletion of
	// what was new or by values that were set back.
	Settled   bool `json:"settled"`
	TakenBack bool `json:"taken_back,omitempty"`

	// Pinned is why it is to be kept even so; "" where nothing speaks against
	// removing it.
	Pinned string `json:"pinned,omitempty"`
}

// NotRecovered is an object whose unsynced changes a client reset has left in the backup.
type NotRecovered struct {
	Model  string      `json:"model"`
	Key    model.Value `json:"key"`
	Reason string      `json:"reason"`
}

// mostNotRecovered bounds how many of them a manifest names: it is read whole to list
// backups.
const mostNotRecovered = 1000

func manifestOf(path string) string { return path + ".json" }
func reportOf(path string) string   { return path + ".report.json" }
func restOf(path string) string     { return path + ".report.objects.jsonl" }

func newBackup(p *pending, done *outcome, path string, schema *store.Schema, now time.Time) *Backup {
	b := &Backup{
		Path: path, ReportPath: reportOf(path), Made: now.UTC(), Reason: p.Reason, Detail: p.Detail,
		Client: done.Client, LastSynced: done.LastSynced,
		Total: done.Report.Total, Counts: done.Report.Counts, Failed: done.Report.Failed,
	}
	b.Fields = map[string][]string{}
	for _, m := range schema.Models() {
		b.Models = append(b.Models, m.Info.Name)
		for _, f := range m.Info.Fields {
			b.Fields[m.Info.Name] = append(b.Fields[m.Info.Name], f.Name)
		}
	}
	for _, o := range done.Report.Objects {
		if left := o.Outcome == merge.Failed || o.Outcome == merge.Dropped; left && len(b.NotRecovered) < mostNotRecovered {
			b.NotRecovered = append(b.NotRecovered, NotRecovered{o.Model, o.Key, o.Reason})
		}
	}
	switch rep := done.Report; {
	case p.Reason == BroughtBack && rep.Total > 0:
		b.Pinned = fmt.Sprintf("%d objects had unsynced changes when it was put aside for %s", rep.Total, p.Detail)
	case done.Uncovered:
		b.Pinned = "the backend had acknowledged changes, and was not asked again whether it has them still, when it was put aside for " + p.Detail
	case rep.Rewound != nil:
		b.Pinned = "the backend has lost changes that it had acknowledged: " + rep.Rewound.Error()
	case rep.Failed > 0:
		b.Pinned = fmt.Sprintf("objects that could not be recovered: %d", rep.Failed)
	case rep.FellBack != "":
		b.Pinned = "it could not be read: " + rep.FellBack
	}
	return b
}

// backupName is what the live store is called among the backups: its own name, the
// time and the reset's id.
func (o *Options) backupName(p *pending) string {
	stem, ext := o.nameParts()
	return fmt.Sprintf("%s-%s-%s%s", stem, o.Now().UTC().Format("20060102T150405Z"), p.ID[:8], ext)
}

var timeAndID = regexp.MustCompile(`^-\d{8}T\d{6}Z-[0-9a-f]{8}$`)

// isBackup tells whether backupName may have given the name. Other stores may have their
// backups in the same folder.
func (o *Options) isBackup(name string) bool {
	stem, ext := o.nameParts()
	name, begins := strings.CutPrefix(name, stem)
	name, ends := strings.CutSuffix(name, ext)
	return begins && ends && timeAndID.MatchString(name)
}

func (o *Options) nameParts() (stem, ext string) {
	base := filepath.Base(o.Path)
	ext = filepath.Ext(base)
	return strings.TrimSuffix(base, ext), ext
}

// Backups lists the backups of this replica, the oldest first. One whose manifest cannot
// be read has hardly more than its path, and is Pinned.
func (r *Replica) Backups(ctx context.Context) ([]*Backup, error) {
	entries, err := os.ReadDir(r.o.backupDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the backups of %s: %w", r.o.Path, err)
	}
	var all []*Backup
	last := ""
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".json") // a store, or its manifest, which comes after it
		if name == last || !r.o.isBackup(name) {
			continue
		}
		last = name
		switch b, err := r.find(ctx, name); {
		case err == nil:
			all = append(all, b)
		case !errors.Is(err, fs.ErrNotExist): // else it was pruned meanwhile
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b *Backup) int { return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.Path, b.Path)) })
	return all, nil
}

// backup reads a manifest. The folder may have been moved since it was written.
func (r *Replica) backup(ctx context.Context, name string) (*Backup, error) {
	path := filepath.Join(r.o.backupDir(), name)
	var b Backup
	text, err := os.ReadFile(manifestOf(path))
	if err == nil {
		if err = json.Unmarshal(text, &b); err != nil {
			err = fmt.Errorf("%w: %s: %w", ErrBackupDamaged, manifestOf(path), err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of the backup %s: %w", path, err)
	}
	b.Path, b.ReportPath = path, reportOf(path)
	return &b, nil
}

// find is a backup, also where its manifest cannot be read or is gone: then nobody knows
// whether it is needed.
func (r *Replica) find(ctx context.Context, name string) (*Backup, error) {
	b, err := r.backup(ctx, name)
	if err == nil {
		return b, nil
	}
	path := filepath.Join(r.o.backupDir(), name)
	info, missing := os.Stat(manifestOf(path))
	if missing != nil {
		info, missing = os.Stat(path)
	}
	if missing != nil {
		return nil, err
	}
	return &Backup{Path: path, ReportPath: reportOf(path), Made: info.ModTime().UTC(), Pinned: err.Error()}, nil
}

// Verify tells whether a backup is what it was when it was made; if not, the error
// wraps ErrBackupDamaged.
func (r *Replica) Verify(ctx context.Context, b *Backup) error {
	if err := b.check(); err != nil {
		return fmt.Errorf("checking a backup: %w", err)
	}
	sum, err := r.o.Driver.Checksum(ctx, b.Path)
	if err != nil {
		return fmt.Errorf("checking the backup %s: %w", b.Path, err)
	}
	if b.SHA256 == "" {
		return fmt.Errorf("the manifest of the backup %s has no checksum to compare with: %w", b.Path, ErrBackupDamaged)
	}
	if sum != b.SHA256 {
		return fmt.Errorf("%s has the SHA-256 %s and had %s; store.Open with Options.ReadOnly shows what can still be read of it: %w", b.Path, sum, b.SHA256, ErrBackupDamaged)
	}
	return nil
}

// settled notes that what came from a backup has reached the backend. One that could
// not be sealed when it was made is sealed now: without its checksum Restore refuses it.
func (r *Replica) settled(ctx context.Context, name string, takenBack bool) error {
	b, err := r.backup(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // pruned by force
		return nil
	case errors.Is(err, ErrBackupDamaged): // there is nothing to note it in; Backups shows it, and it stays
		r.log.Error("a backup cannot be called settled", "replica", r.o.Path, "error", err)
		return nil
	case err != nil: // the next round tries again
		return err
	}
	if err := r.seal(ctx, b); err != nil {
		r.log.Error("a backup stays without its checksum", "replica", r.o.Path, "error", err)
	}
	b.Settled, b.TakenBack = true, takenBack
	return writeJSON(manifestOf(b.Path), b)
}

// Retention says which backups Prune removes. The zero Retention removes every
// one that is not needed any more.
type Retention struct {
	Keep  int           // at least so many stay, the newest
	Young time.Duration // those that are younger stay
	Force bool          // also those that are needed: what is only in them is lost
}

// Prune removes backups, with their manifests and reports, and gives those that it
// removed. One is needed, and stays unless it is forced, while what was recovered
// from it is not settled with the backend, and while it is Pinned. That of a client
// reset that is not through stays, forced or not: the reset goes on with it.
func (r *Replica) Prune(ctx context.Context, keep Retention) (removed []*Backup, err error) {
	err = r.work(ctx, func() error {
		all, err := r.Backups(ctx)
		if err != nil {
			return err
		}
		for i, b := range all {
			if len(all)-i <= keep.Keep || r.o.Now().Sub(b.Made) < keep.Young || r.needed(b, keep.Force) != nil {
				continue
			}
			if err := r.remove(ctx, b); err != nil {
				return err
			}
			removed = append(removed, b)
		}
		return nil
	})
	return removed, err
}

// RemoveBackup removes one backup. Its error wraps ErrBackupNeeded where that would
// lose something and it is not forced, or where a client reset is not through with it.
func (r *Replica) RemoveBackup(ctx context.Context, b *Backup, force bool) error {
	return r.work(ctx, func() error {
		if err := b.check(); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}
		now, err := r.find(ctx, filepath.Base(b.Path))
		if err != nil {
			return err
		}
		if err := r.needed(now, force); err != nil {
			return err
		}
		return r.remove(ctx, now)
	})
}

// check refuses what Backups has not given.
func (b *Backup) check() error {
	if b == nil || b.Path == "" {
		return errors.New("it is nil, or has no path; Backups lists those that there are")
	}
	return nil
}

// arrived tells whether all that was unsynced in a backup is known to have reached the
// backend.
func (b *Backup) arrived() bool {
	return b.Settled && !b.TakenBack && b.Client != "" && carriedOn(b.Counts) == b.Total
}

// carriedOn is how many objects with unsynced changes a reset took along, or need not.
func carriedOn(counts []reconcile.Count) (objects int) {
	for _, c := range counts {
		switch c.Outcome {
		case merge.Recovered, merge.Merged, merge.Conflicted, merge.Restored, merge.Overwrote, merge.Kept, merge.Already:
			objects += c.Objects
		}
	}
	return objects
}

// needed tells why a backup is not to be removed.
func (r *Replica) needed(b *Backup, force bool) error {
	if p := r.pending; p != nil && p.Step != Settling && p.Backup == filepath.Base(b.Path) {
		return fmt.Errorf("%s: the client reset that made it is at the step %q; finish it with Start or ResetNow first: %w", b.Path, p.Step, ErrBackupNeeded)
	}
	switch {
	case force:
		return nil
	case b.Pinned != "":
		return fmt.Errorf("%s: %s: %w", b.Path, b.Pinned, ErrBackupNeeded)
	case !b.Settled:
		return fmt.Errorf("%s: what was recovered from it has not reached the backend yet: %w", b.Path, ErrBackupNeeded)
	}
	return nil
}

// remove removes a backup, its manifest last: until then it is listed.
func (r *Replica) remove(ctx context.Context, b *Backup) error {
	if err := r.o.Driver.Remove(ctx, b.Path); err != nil {
		return fmt.Errorf("removing the backup %s: %w", b.Path, err)
	}
	for _, file := range []string{restOf(b.Path), b.ReportPath, manifestOf(b.Path)} {
		if err := removeFile(file); err != nil {
			return fmt.Errorf("removing the backup %s: %w", b.Path, err)
		}
	}
	return nil
}
