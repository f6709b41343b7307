package event

// Kind says what a record is. The numbers are part of the log format: they are
// never reused.
type Kind uint8

// The kinds of record, and what their fields hold beside Seq and Time. A field
// that is not named is zero.
const (
	// KindEvent is an event of the kernel, or with FlagSynthetic one that
	// live capture derived from listing a new directory. WD, Mask, Cookie and
	// Name are as in struct inotify_event; Name has no NUL padding and is
	// empty where the event is about the watched object itself.
	KindEvent Kind = 1
	// KindRead stands before the records of one read of the kernel: N is the
	// number of bytes that the read returned, M the size of its buffer. On
	// Windows a read belongs to watch WD and Cookie is its status, an error
	// number of Windows, 0 for success.
	KindRead Kind = 2
	// KindWatch: watch WD now stands for Path with Mask, as it was asked for.
	// N is the mask that the kernel was given, on Windows P the Filter instead.
	// KindMask records change it later. M is the wd of the watch whose auto-add placed
	// this one, 0 where a caller asked for it. FlagDir, FlagRecursive and FlagAutoAdd
	// qualify it. For a wd that is in the table already it replaces path, masks and flags.
	KindWatch Kind = 3
	// KindUnwatch: watch WD, last known as Path, is over. Where the kernel
	// sends IN_IGNORED it follows that. Name is the cause: one of the Cause constants.
	KindUnwatch Kind = 4
	// KindMove: every watch at or below Src now stands at or below Path. An
	// empty Path says that Src left the watched tree: its watches are being
	// ended, and what they still deliver is about a place that is not known.
	KindMove Kind = 5
	// KindFail: Path could not be watched or listed. Name is the operation
	// ("watch", "list", "stat", "read"), N the errno of the recorded platform,
	// Mask what was asked for, M the wd of the parent watch or 0.
	KindFail Kind = 6
	// KindLoss: events are missing. Name is the cause ("kernel" for an
	// overflow of the kernel's queue, of which an IN_Q_OVERFLOW tells; "buffer"
	// for the buffer that Windows keeps for watch WD; "queue" for a queue of
	// ours), N how many, -1 if that is not known. They fell between the time M
	// and this record's.
	KindLoss Kind = 7
	// KindMark is a note put there by a person or a program: Name is its text.
	KindMark Kind = 8
	// KindEntry is a name that was there when it was looked at: Name in the
	// directory of watch WD, with its Linux st_mode in Cookie, its size in
	// bytes in N and its modification time in M, nanoseconds since 1970. On
	// Windows Name may lead through directories, and an empty Name says that the
	// entries of all directories of the watch follow: those known so far are void.
	KindEntry Kind = 9
	// KindBarrier: all that happened before barrier N was asked for has been
	// delivered. It is a signal to the program that reads; it is not stored.
	KindBarrier Kind = 10
	// KindEnd closes a recording. Name says why it ended, N is the exit
	// status of the recorded command, if there was one.
	KindEnd Kind = 11
	// KindChange is a record of ReadDirectoryChangesW on watch WD, as it was
	// delivered: Mask is its Action and Name leads from the watched directory to
	// the subject, as WTF-8. ReadDirectoryChangesExW also gives the subject's
	// Attributes in Cookie, its size in bytes in N, its file id in M and that of
	// its directory in P. With FlagInferred the attributes were looked up
	// afterwards. Where Src is not empty it is the short name that was
	// delivered, and Name the long one.
	KindChange Kind = 12
	// KindIdle: nothing was delivered between the record before and Time, though
	// it was waited for: what may belong together with a later record does not.
	KindIdle Kind = 13
	// KindMask: the kernel has been given Mask for watch WD, and for those of the M
	// wds after it that are in the table; M is less than MaxMaskRun. The events that it adds are
	// complete from this record on, and none of them stands before it: a watch of a
	// directory that is to be listed begins without those that listing causes.
	KindMask Kind = 14
)

// Causes of a KindUnwatch record.
const (
	CauseRemoved   = "removed"   // a caller removed the watch
	CauseDeleted   = "deleted"   // the watched object was deleted
	CauseUnmounted = "unmounted" // its file system was unmounted
	CauseMovedOut  = "moved-out" // it was moved to a place that is not watched
	CauseOneshot   = "oneshot"   // IN_ONESHOT had its event
	CauseIgnored   = "ignored"   // the kernel ended it and did not say why
	CauseFailed    = "failed"    // it cannot be read any more: a KindFail record before says why
)

// Flags qualify a record. The bits are part of the log format.
type Flags uint8

// The flags, each with the kinds of record that carry it.
const (
	// FlagSynthetic: an event that the kernel did not send. It was derived from
	// the contents of a directory that existed before its watch did.
	FlagSynthetic Flags = 1 << iota
	// FlagOwn: an event that our own listing of a directory caused. It is kept
	// as raw material and not delivered.
	FlagOwn
	// FlagDir: the watched object is a directory. Of a KindChange: its subject is
	// one although it is a reparse point, for it stands for no other place.
	FlagDir
	// FlagRecursive: the watch was asked for with its subtree.
	FlagRecursive
	// FlagAutoAdd: new directories below the watch are watched too.
	FlagAutoAdd
	// FlagInferred: a field of the record was concluded, not delivered.
	FlagInferred
	// FlagLost: the watched object left the tree (see KindMove) and its watch
	// is not over yet. Only where a table is written down whole.
	FlagLost
	// FlagDirUnknown: it is not known whether the subject of the event is a
	// directory. Only translated events have it, not recorded ones.
	FlagDirUnknown
)

// Record is one entry of a recording. Which fields are meaningful depends on
// Kind. The strings are immutable and may be kept, but may keep alive the
// text of all records that came with them.
type Record struct {
	Seq    uint64 // 1 for the first record of a recording, then without a gap; 0 is not yet numbered
	Time   int64  // nanoseconds on a monotonic clock since Header.Start; never decreases
	N, M   int64  // see Kind, and P
	WD     int32
	Mask   Mask
	Cookie uint32
	Kind   Kind
	Flags  Flags
	P      int64
	Name   string
	Path   string
	Src    string
}

// field names one field of Record; format says how the text form writes it.
type field uint8

const (
	fieldWD field = iota
	fieldMask
	fieldCookie
	fieldN
	fieldM
	fieldP
	fieldName
	fieldPath
	fieldSrc
)

type format uint8

const (
	decimal format = iota
	octal
	hexadecimal
	maskBits
	actionName
	filterBits
	quoted
)

type fieldSpec struct {
	key    string
	field  field
	format format
}

type kindSpec struct {
	kind   Kind
	name   string
	fields []fieldSpec
}

var (
	keyWD     = fieldSpec{"wd", fieldWD, decimal}
	keyMask   = fieldSpec{"mask", fieldMask, maskBits}
	keyPath   = fieldSpec{"path", fieldPath, quoted}
	keyName   = fieldSpec{"name", fieldName, quoted}
	keySrc    = fieldSpec{"src", fieldSrc, quoted}
	keyParent = fieldSpec{"parent", fieldM, decimal}
)

// kinds drives the text form and its checks: what a kind is called and which
// keys it may carry, in the order in which they are printed.
var kinds = []kindSpec{
	{KindEvent, "event", []fieldSpec{keyWD, keyMask, {"cookie", fieldCookie, decimal}, keyName}},
	{KindRead, "read", []fieldSpec{keyWD, {"status", fieldCookie, decimal}, {"bytes", fieldN, decimal}, {"buffer", fieldM, decimal}}},
	{KindWatch, "watch", []fieldSpec{keyWD, keyMask, {"kernel", fieldN, maskBits}, {"filter", fieldP, filterBits}, keyParent, keyPath}},
	{KindUnwatch, "unwatch", []fieldSpec{keyWD, {"cause", fieldName, quoted}, keyPath}},
	{KindMove, "move", []fieldSpec{keySrc, keyPath}},
	{KindFail, "fail", []fieldSpec{{"op", fieldName, quoted}, {"errno", fieldN, decimal}, keyMask, keyParent, keyPath}},
	{KindLoss, "loss", []fieldSpec{keyWD, {"cause", fieldName, quoted}, {"count", fieldN, decimal}, {"since", fieldM, decimal}}},
	{KindMark, "mark", []fieldSpec{{"text", fieldName, quoted}}},
	{KindEntry, "entry", []fieldSpec{keyWD, {"mode", fieldCookie, octal}, {"size", fieldN, decimal}, {"mtime", fieldM, decimal}, keyName}},
	{KindBarrier, "barrier", []fieldSpec{{"id", fieldN, decimal}}},
	{KindEnd, "end", []fieldSpec{{"reason", fieldName, quoted}, {"status", fieldN, decimal}}},
	{KindChange, "change", []fieldSpec{
		keyWD, {"action", fieldMask, actionName}, {"attributes", fieldCookie, hexadecimal}, {"size", fieldN, decimal},
		{"id", fieldM, hexadecimal}, {"in", fieldP, hexadecimal}, {"short", fieldSrc, quoted}, keyName,
	}},
	{KindIdle, "idle", nil},
	{KindMask, "mask", []fieldSpec{keyWD, {"more", fieldM, decimal}, {"kernel", fieldMask, maskBits}}},
}

var flagNames = []struct {
	flag Flags
	name string
}{
	{FlagSynthetic, "synthetic"},
	{FlagOwn, "own"},
	{FlagDir, "dir"},
	{FlagRecursive, "recursive"},
	{FlagAutoAdd, "auto_add"},
	{FlagInferred, "inferred"},
	{FlagLost, "lost"},
	{FlagDirUnknown, "dir_unknown"},
}

// Kinds lists every kind of record.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for i, k := range kinds {
		all[i] = k.kind
	}
	return all
}

// spec returns the row of k, or nil for a kind that this version does not know.
func (k Kind) spec() *kindSpec {
	if k == 0 || int(k) > len(kinds) {
		return nil
	}
	return &kinds[k-1]
}

// Known reports whether this version of fsrec knows the kind.
func (k Kind) Known() bool { return k.spec() != nil }

// String gives the word that stands for k in the text form.
func (k Kind) String() string {
	if s := k.spec(); s != nil {
		return s.name
	}
	return "unknown"
}

// IsTableChange reports whether r changes the watch table: see [Table.Apply].
func (r *Record) IsTableChange() bool {
	return r.Kind == KindWatch || r.Kind == KindUnwatch || r.Kind == KindMove || r.Kind == KindMask
}

func (r *Record) number(f field) int64 {
	switch f {
	case fieldWD:
		return int64(r.WD)
	case fieldMask:
		return int64(r.Mask)
	case fieldCookie:
		return int64(r.Cookie)
	case fieldN:
		return r.N
	case fieldM:
		return r.M
	case fieldP:
		return r.P
	}
	return 0
}

// setNumber reports false where n does not fit the field.
func (r *Record) setNumber(f field, n int64) bool {
	switch f {
	case fieldWD:
		r.WD = int32(n)
		return int64(r.WD) == n
	case fieldMask:
		r.Mask = Mask(n)
		return int64(r.Mask) == n
	case fieldCookie:
		r.Cookie = uint32(n)
		return int64(r.Cookie) == n
	case fieldN:
		r.N = n
	case fieldM:
		r.M = n
	case fieldP:
		r.P = n
	}
	return true
}

func (r *Record) text(f field) *string {
	switch f {
	case fieldName:
		return &r.Name
	case fieldPath:
		return &r.Path
	case fieldSrc:
		return &r.Src
	}
	return nil
}
