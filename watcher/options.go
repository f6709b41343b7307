package watcher

import (
	"fmt"
	"log/slog"

	"fsrec/watcher/event"
)

// ManagerOption changes how a WatchManager works.
type ManagerOption func(*WatchManager)

// WithExclude gives an exclude filter for every AddWatch that has none of its own: see [Exclude].
func WithExclude(f func(path string) bool) ManagerOption {
	return func(wm *WatchManager) { wm.exclude = f }
}

// Adopt makes the manager deliver the events of every watch that the backend
// announces, with the mask it was asked for, not only of those that AddWatch
// asked for here. It is for a program that plays a recording as it is.
func Adopt() ManagerOption {
	return func(wm *WatchManager) { wm.adopt = true }
}

// WithLog says where directories are reported that should have been watched
// automatically and could not be. The default is slog.Default().
func WithLog(log *slog.Logger) ManagerOption {
	return func(wm *WatchManager) { wm.log = log }
}

// WatchOption says how AddWatch, UpdateWatch or RemoveWatch are to work. Each
// tells where it applies; elsewhere it is an error that wraps ErrOption.
type WatchOption func(*watchOptions)

type watchOptions struct {
	given     optionSet
	recursive bool
	autoAdd   bool
	glob      bool
	snapshot  bool
	mask      event.Mask
	handler   Handler
	exclude   func(string) bool
	filter    func(*Event) bool
}

type optionSet uint

const (
	optRecursive optionSet = 1 << iota
	optAutoAdd
	optGlob
	optSnapshot
	optMask
	optHandle
	optExclude
	optFilter
)

var optionNames = []struct {
	option optionSet
	name   string
}{
	{optRecursive, "Recursive"},
	{optAutoAdd, "AutoAdd"},
	{optGlob, "Glob"},
	{optSnapshot, "Snapshot"},
	{optMask, "UpdateMask"},
	{optHandle, "Handle"},
	{optExclude, "Exclude"},
	{optFilter, "Filter"},
}

// Where each option applies.
const (
	addOptions    = optRecursive | optAutoAdd | optGlob | optSnapshot | optHandle | optExclude | optFilter
	updateOptions = optRecursive | optAutoAdd | optMask | optHandle | optFilter
	removeOptions = optRecursive
)

func (s optionSet) has(o optionSet) bool { return s&o != 0 }

func collect(op string, allowed optionSet, opts []WatchOption) (*watchOptions, error) {
	var o watchOptions
	for _, opt := range opts {
		opt(&o)
	}
	for _, n := range optionNames {
		if o.given.has(n.option) && !allowed.has(n.option) {
			return nil, fmt.Errorf("%s watch: %w: %s", op, ErrOption, n.name)
		}
	}
	return &o, nil
}

// Recursive includes all directories below: AddWatch watches them, UpdateWatch
// and RemoveWatch change every watch that there is below. Symlinks are not followed.
func Recursive() WatchOption {
	return func(o *watchOptions) { o.given |= optRecursive; o.recursive = true }
}

// AutoAdd watches directories that appear later below the path, with the
// settings of the watch above them. It applies to AddWatch and UpdateWatch.
// The events delivered are still those of the mask: IN_CREATE is not added to it.
func AutoAdd() WatchOption {
	return func(o *watchOptions) { o.given |= optAutoAdd; o.autoAdd = true }
}

// NoAutoAdd ends what AutoAdd began. It applies to UpdateWatch.
func NoAutoAdd() WatchOption {
	return func(o *watchOptions) { o.given |= optAutoAdd; o.autoAdd = false }
}

// Glob takes the paths as patterns of path/filepath. It applies to AddWatch.
func Glob() WatchOption {
	return func(o *watchOptions) { o.given |= optGlob; o.glob = true }
}

// Snapshot makes the backend say in the stream of records what each watched
// directory holds at first: for a recording. It applies to AddWatch.
func Snapshot() WatchOption {
	return func(o *watchOptions) { o.given |= optSnapshot; o.snapshot = true }
}

// UpdateMask gives a watch another mask. It applies to UpdateWatch.
func UpdateMask(mask event.Mask) WatchOption {
	return func(o *watchOptions) { o.given |= optMask; o.mask = mask }
}

// Handle gives the events of the watch to h instead of to the Notifier's
// handler; nil goes back to that. It applies to AddWatch and UpdateWatch.
func Handle(h Handler) WatchOption {
	return func(o *watchOptions) { o.given |= optHandle; o.handler = h }
}

// Exclude leaves out every directory, and all below it, for whose absolute
// path f holds, now and on auto-add. It takes the place of the manager's
// filter: see [WithExclude]. f must not change watches. It applies to AddWatch.
func Exclude(f func(path string) bool) WatchOption {
	return func(o *watchOptions) { o.given |= optExclude; o.exclude = f }
}

// Filter drops every event of the watch for which f holds. The watch is placed
// all the same: see [Exclude]. It applies to AddWatch and UpdateWatch.
func Filter(f func(ev *Event) bool) WatchOption {
	return func(o *watchOptions) { o.given |= optFilter; o.filter = f }
}
