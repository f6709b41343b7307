package watcher

import (
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"fsrec/watcher/event"
	"fsrec/watcher/translate"
)

// Backend is where a WatchManager gets its events from: package live for the
// operating system, package replayer for a recording.
type Backend = event.Backend

// WatchManager keeps the watches of one backend. All methods may be called at
// the same time, from handlers too, while one [Notifier] runs.
//
// What is watched is known from two sources: the results of AddWatch, at once,
// and the records of the backend, in the order of the events. Where both speak
// of a watch, the record, which is later, counts.
type WatchManager struct {
	backend  Backend
	platform event.Platform
	exclude  func(string) bool
	adopt    bool
	log      *slog.Logger

	// windows makes events of what Windows delivers, nil for a backend that
	// delivers events. It is the Notifier's, which holds its work meanwhile.
	windows *translate.Translator

	ignore atomic.Bool
	// gen changes with every change of table or subs.
	gen atomic.Uint64

	// ops is held during an operation on watches, calls of the backend and of
	// exclude filters included, and while a record changes the table: so no
	// event of a new watch is looked at before AddWatch has its results.
	// It is taken before mu, and never while a handler or an event filter runs.
	ops sync.Mutex
	// mu guards all below, and is never held while foreign code runs.
	mu         sync.Mutex
	table      *event.Table // as far as the records have come
	announced  *event.Table // results of AddWatch that are ahead of the records
	subs       map[int32]*subscription
	aliases    map[string]string // paths as callers wrote them, folded -> absolute
	muted      []string          // paths taken out by RemovePath, which auto-add leaves alone
	unrecorded map[int32]event.Mask
}

// subscription is what this manager's user wants of one watch.
type subscription struct {
	settings atomic.Pointer[settings]
	adopted  bool // by Adopt: follows the mask of the records
	removed  bool // by RemoveWatch: delivers what is left, but is not listed
	ends     int  // KindUnwatch records to come of watches that were removed and that had the same wd
}

// settings do not change once they are in a subscription; watches share them.
type settings struct {
	mask    event.Mask
	autoAdd bool
	handler Handler
	exclude func(string) bool
	filter  func(*Event) bool
}

// passes are the event bits that the settings let through.
func (s *settings) passes() event.Mask { return s.mask&event.IN_ALL_EVENTS | event.AlwaysDelivered }

func newSubscription(s *settings) *subscription {
	sub := new(subscription)
	sub.settings.Store(s)
	return sub
}

// NewWatchManager gives a manager that owns backend: Close closes it.
func NewWatchManager(backend Backend, opts ...ManagerOption) *WatchManager {
	header := backend.Header()
	platform := header.Platform
	wm := &WatchManager{
		backend:    backend,
		platform:   platform,
		table:      event.NewTable(platform),
		announced:  event.NewTable(platform),
		subs:       make(map[int32]*subscription),
		aliases:    make(map[string]string),
		unrecorded: make(map[int32]event.Mask),
	}
	if platform == event.Windows || header.Backend == backendWindows {
		wm.windows = translate.New()
		wm.windows.Paths = platform
	}
	for _, opt := range opts {
		opt(wm)
	}
	return wm
}

// backendWindows is the backend that delivers KindChange records; a replay may have mapped its paths to another platform.
const backendWindows = "rdcw"

// Backend is what the manager was made with.
func (wm *WatchManager) Backend() Backend { return wm.backend }

// Close closes the backend, which ends every watch. It may be called again.
func (wm *WatchManager) Close() error { return wm.backend.Close() }

// IgnoreEvents with true drops every event that is processed from now on, until
// it is called with false. The watches and renames are still followed.
func (wm *WatchManager) IgnoreEvents(on bool) { wm.ignore.Store(on) }

// IgnoringEvents reports whether events are dropped: see IgnoreEvents.
func (wm *WatchManager) IgnoringEvents() bool { return wm.ignore.Load() }

// Watch describes one watch at one time.
type Watch struct {
	WD        int32
	Path      string     // absolute
	Mask      event.Mask // as it was asked for
	Dir       bool       // known when the first event of the watch is processed, at the latest
	Recursive bool
	AutoAdd   bool
	Parent    int32   // wd of the watch whose auto-add placed this one, or 0
	Handler   Handler // its own, or nil
}

// String prints w in the manner of pyinotify, with the path escaped: see [AppendEscaped].
func (w Watch) String() string {
	return fmt.Sprintf("<Watch wd=%d path=%s mask=%s auto_add=%s dir=%s >",
		w.WD, AppendEscaped(nil, w.Path), w.Mask, pythonBool(w.AutoAdd), pythonBool(w.Dir))
}

func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// Watch gives the watch with descriptor wd.
func (wm *WatchManager) Watch(wd int32) (Watch, bool) {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	return wm.watchLocked(wd)
}

func (wm *WatchManager) watchLocked(wd int32) (Watch, bool) {
	sub := wm.subs[wd]
	if sub == nil || sub.removed {
		return Watch{}, false
	}
	w := wm.announced.Watch(wd)
	if w == nil {
		w = wm.table.Watch(wd)
	}
	if w == nil || w.Lost() {
		return Watch{}, false
	}
	s := sub.settings.Load()
	return Watch{
		WD: wd, Path: w.Path(), Mask: s.mask, Parent: w.Parent,
		Dir:       w.Flags&event.FlagDir != 0,
		Recursive: w.Flags&event.FlagRecursive != 0,
		AutoAdd:   s.autoAdd,
		Handler:   s.handler,
	}, true
}

// Watches lists the watches in the order of their wds. It is a copy.
func (wm *WatchManager) Watches() []Watch {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	wds := make([]int32, 0, len(wm.subs))
	for wd := range wm.subs {
		wds = append(wds, wd)
	}
	slices.Sort(wds)
	all := make([]Watch, 0, len(wds))
	for _, wd := range wds {
		if w, ok := wm.watchLocked(wd); ok {
			all = append(all, w)
		}
	}
	return all
}

// Path gives the absolute path that wd stands for now.
func (wm *WatchManager) Path(wd int32) (string, bool) {
	w, ok := wm.Watch(wd)
	return w.Path, ok
}

// WD gives the watch of exactly this path, not of a directory above it. The
// path is absolute or written as it was in AddWatch.
func (wm *WatchManager) WD(path string) (int32, bool) {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	path = wm.absolute(path)
	for _, t := range []*event.Table{wm.announced, wm.table} {
		at := t.At(path)
		if at == nil {
			continue
		}
		if w, ok := wm.watchLocked(at.WD); ok && w.Path == at.Path() {
			return w.WD, true
		}
	}
	return 0, false
}

// Unrecorded is the part of the mask that wd was asked for and that the
// backend can never deliver: in a replay because it was not recorded.
func (wm *WatchManager) Unrecorded(wd int32) event.Mask {
	wm.mu.Lock()
	defer wm.mu.Unlock()
	return wm.unrecorded[wd]
}

// UnknownChanges counts what Windows delivered so far and no event of inotify
// stands for, by action: changes of named streams and of object ids. Actions
// that no document knows are counted under 0.
func (wm *WatchManager) UnknownChanges() map[event.Action]int64 {
	if wm.windows == nil {
		return nil
	}
	return wm.windows.Unknown()
}

// absolute is the form of path in the tables; the caller holds mu.
func (wm *WatchManager) absolute(path string) string {
	path = clean(wm.platform, path)
	if abs, ok := wm.aliases[wm.platform.Fold(path)]; ok {
		return abs
	}
	return path
}

// clean is path/filepath.Clean by the rules of p.
func clean(p event.Platform, s string) string {
	if p != event.Windows {
		return path.Clean(s)
	}
	if rest, ok := strings.CutPrefix(s, `\\?\UNC\`); ok {
		s = `\\` + rest
	} else {
		s = strings.TrimPrefix(s, `\\?\`)
	}
	s = strings.ReplaceAll(s, `\`, "/")
	lead := ""
	switch {
	case strings.HasPrefix(s, "//"):
		lead = "/"
	case len(s) == 2 && s[1] == ':':
		return s
	}
	s = path.Clean(s)
	if len(s) == 2 && s[1] == ':' {
		s += "/" // the root of a volume keeps its separator
	}
	return strings.ReplaceAll(lead+s, "/", `\`)
}

func (wm *WatchManager) logger() *slog.Logger {
	if wm.log != nil {
		return wm.log
	}
	return slog.Default()
}
