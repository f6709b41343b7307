// Package diff compares two recordings: what is the same, what differs because the
// platforms do, and what differs and nobody knows why.
//
//	r, err := diff.Compare(ctx,
//		diff.Input{Name: "linux.db", Header: left.Header(), Reader: left},
//		diff.Input{Name: "windows.db", Header: right.Header(), Reader: right},
//		diff.Options{})
//	if r.Failed(false) { ... }
//
// [Result] holds the differences, each with its [Verdict], and what became of every
// event that was not compared; all of it can be written as JSON. [Result.Rows] gives both recordings side by side.
//
// # Making comparable
//
// The records of Windows are read as package translate tells them. [Steps] lists what is done
// then: paths are taken below the roots, the halves of a rename become one move, what
// only one of the two can tell is set aside. Options.Steps turns each step on or off. Whatever is joined, folded or set aside is
// counted, and the numbers of each SideInfo add up to all that the recording tells. Backends
// differ in what they can tell: ReadDirectoryChangesW and polling have nothing like IN_OPEN, IN_ACCESS and IN_CLOSE_*, the first nothing like the IN_MOVE_SELF of a directory,
// and one watch of ReadDirectoryChangesW stands for a tree, so that the directories below
// have no watch of their own that would tell of them.
//
// The kernel of Linux makes one event of equal ones that follow one another as long as nobody has read the first. So IN_MODIFY are
// folded, and their number is compared by itself: that it is another one is [Explained], by a rule, and not the same,
// since an event that was told twice looks like that too.
//
// # Order
//
// Concurrent programs interleave in many ways, and a difference of two sequences would report
// them all. [Partial] compares order only where it means something: the events of each path; a
// move on both of its paths; and everything below a directory against the creations,
// deletions and renames of the directory. Two recordings are the same exactly if each can be
// turned into the other by swapping neighbours that these rules do not order. [Exact], [Set] and [Subset] ask for more or less.
//
// Where both recordings tell the operations that caused their events (marks "op: ..."), the operations are
// aligned first, and events are compared within them.
//
// # New directories
//
// inotify watches single directories, and how soon a new one is watched is chance. So where the recordings differ, the directories of
// both are followed as objects, from their creation to their end and under whatever names: what one watch tells of a name
// must be the end of what an earlier one told, and what was there when it was placed must have been found by listing. What came before is set aside, or
// explained where it is a creation, a removal or a rename; a single event that is missing, or too many, does not fit and is not.
// Only of the first that is told of a listed name nobody can say whether it is missing or came before the watch.
//
// # Loss
//
// What one recording lacks and can have lost has the verdict [Unknown]: a loss stands
// between the common events before and after it on its path. So is what the other one has left of a rename:
// the old name before the loss, the new one after it.
//
// # Rules
//
// A [Catalogue] of rules says which differences are known, and why. [BuiltIn] is fsrec's own;
// [ParseRules] reads more, of the same form, and [Catalogue.With] puts them before it. [CatalogueText] begins with a description of
// the form. A rule matches events that differ, and looks at what is around them:
//
//	rule overwritten-removed
//	a: backend=inotify
//	b: backend=rdcw
//	only b: DELETE q
//	next both b: MOVE p -> q
//	reason: A rename over an existing file begins on Windows with the removal of that file ...
//	source: notify-rs/notify@d263731 notify/src/windows.rs create_write_overwrite; ...
//
// Here b has an IN_DELETE that a lacks, and the next event of the same path in b, which a has
// too, is a rename to it. Which recording is left does not matter. What a rule says "only" of is
// explained by it, once; the first rule that fits counts. An unknown field, event or relation is a [*RuleError].
//
// # Polling
//
// A recording made by polling tells what is left of what happened between two looks. What it tells of an object is held
// to what the other recording tells of the same time, an operation or as much as lies between two common events: the relation
// outcome holds where the object is in the end at the same place on both, with its contents or attributes changed on
// both or on neither. So any number of steps is explained, and none that leads elsewhere.
//
// # Cost
//
// Both recordings are read at the same time, as streams. What is kept is 24 bytes an event
// and some 80 a path; where the two differ, some 100 bytes more for each event in a directory that was new. Time grows as n log n at worst: paths whose sums are the same on both
// sides are not looked at again, and only the others are aligned. A recording whose renames make more paths than any real tree
// has is refused with a *[BoundError], for what is not compared can be neither the same nor different.
package diff

// Where things are:
//
//	options, backends, compare           what can be asked, what a recording can tell, and the course of a comparison
//	side, names, roots                   one recording as it is read: its events, paths and roots
//	losses, narrow                       what it lost, and what its watches did not see
//	paths, align, refold                 the events of a path, side by side
//	unseen, lives, selves, known         what the later watch of a new directory missed: the stories of its names,
//	                                     directories as objects, their own watches, events known to be the same
//	rule, conditions                     the catalogue
//	explain, kinds, match, relations     which rule explains which difference
//	marks                                sets of events that differ
//	looks, outcome                       polling: what one look tells together, and what became of each object
//	result, rows, report, errors         what comes of it
