// Package event is the vocabulary that every other package of fsrec speaks:
// masks, records, the watch table that records describe, and the text form.
// It imports nothing but the standard library, and nothing in it touches a
// file system or reads a clock.
//
// A recording is a [Header] and a sequence of [Record] values. A record is
// either an event, as the kernel delivered it, or a control record: where one
// read of the kernel ended, how the watch table changed, what could not be
// watched, what was lost. [Kind] lists them, and one table says which fields
// each kind uses, under which key.
//
// Records travel in slices between a [Reader] and a [Writer]. A [Backend] is a
// Reader whose watches can be changed: the operating system or a recording. A
// [Log] is a finished recording that can be read from any place in it.
//
// [Table] turns the control records back into "which path does watch 7 stand
// for at this point". Live capture, the WatchManager and replay use the same
// Table, so that they cannot disagree.
//
// The text form ([AppendText], [ParseText], [TextWriter], [TextReader]) is one line a record:
//
//	SEQ SECONDS KIND [FLAG | KEY=VALUE]...
//
//	1 0.000000000 watch dir recursive auto_add wd=1 mask=IN_ALL_EVENTS path="/tmp/project"
//	2 0.104000512 read bytes=32 buffer=262144
//	3 0.104000512 event wd=1 mask=IN_CREATE name="a\x1b.txt"
//
// A field that is zero or empty is left out. Strings are quoted as Go quotes
// them, bytes that are not UTF-8 as \xNN, so every name round-trips. Before the
// records stands the header, one "header KEY JSON" line a field; blank lines and
// lines that begin with # are skipped.
package event
