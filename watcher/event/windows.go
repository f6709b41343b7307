package event

import (
	"fmt"
	"strconv"
	"strings"
)

// Action is what a record of ReadDirectoryChangesW says about its subject.
type Action uint32

// The actions, with the values of Windows' winnt.h and [MS-FSCC] 2.7.1.
const (
	FILE_ACTION_ADDED                  Action = 1 // a name appeared in the directory
	FILE_ACTION_REMOVED                Action = 2 // a name disappeared from it
	FILE_ACTION_MODIFIED               Action = 3 // data, size, attributes, times or security changed
	FILE_ACTION_RENAMED_OLD_NAME       Action = 4 // the subject is renamed within its directory: from
	FILE_ACTION_RENAMED_NEW_NAME       Action = 5 // the same: to
	FILE_ACTION_ADDED_STREAM           Action = 6 // a named stream of the file appeared
	FILE_ACTION_REMOVED_STREAM         Action = 7
	FILE_ACTION_MODIFIED_STREAM        Action = 8
	FILE_ACTION_REMOVED_BY_DELETE      Action = 9 // the object id was removed because the file was deleted
	FILE_ACTION_ID_NOT_TUNNELLED       Action = 10
	FILE_ACTION_TUNNELLED_ID_COLLISION Action = 11
)

var actionNames = []string{
	FILE_ACTION_ADDED:                  "ADDED",
	FILE_ACTION_REMOVED:                "REMOVED",
	FILE_ACTION_MODIFIED:               "MODIFIED",
	FILE_ACTION_RENAMED_OLD_NAME:       "RENAMED_OLD_NAME",
	FILE_ACTION_RENAMED_NEW_NAME:       "RENAMED_NEW_NAME",
	FILE_ACTION_ADDED_STREAM:           "ADDED_STREAM",
	FILE_ACTION_REMOVED_STREAM:         "REMOVED_STREAM",
	FILE_ACTION_MODIFIED_STREAM:        "MODIFIED_STREAM",
	FILE_ACTION_REMOVED_BY_DELETE:      "REMOVED_BY_DELETE",
	FILE_ACTION_ID_NOT_TUNNELLED:       "ID_NOT_TUNNELLED",
	FILE_ACTION_TUNNELLED_ID_COLLISION: "TUNNELLED_ID_COLLISION",
}

// String is the name without FILE_ACTION_, the number of an action without a name.
func (a Action) String() string {
	if int64(a) < int64(len(actionNames)) && a != 0 {
		return actionNames[a]
	}
	return strconv.FormatUint(uint64(a), 10)
}

// ParseAction reads what String prints.
func ParseAction(s string) (Action, error) {
	for a, name := range actionNames {
		if name == s && a != 0 {
			return Action(a), nil
		}
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("unknown action %q; valid are %s", s, strings.Join(actionNames[1:], ", "))
	}
	return Action(n), nil
}

// Action is the action of a KindChange record.
func (r *Record) Action() Action { return Action(r.Mask) }

// Filter is a set of changes that ReadDirectoryChangesW is asked for. Its bits
// have other meanings than those of a Mask with the same value.
type Filter uint32

// The changes, with the values of Windows' winnt.h.
const (
	FILE_NOTIFY_CHANGE_FILE_NAME    Filter = 0x001 // files created, renamed, removed
	FILE_NOTIFY_CHANGE_DIR_NAME     Filter = 0x002 // the same of directories
	FILE_NOTIFY_CHANGE_ATTRIBUTES   Filter = 0x004
	FILE_NOTIFY_CHANGE_SIZE         Filter = 0x008
	FILE_NOTIFY_CHANGE_LAST_WRITE   Filter = 0x010
	FILE_NOTIFY_CHANGE_LAST_ACCESS  Filter = 0x020
	FILE_NOTIFY_CHANGE_CREATION     Filter = 0x040
	FILE_NOTIFY_CHANGE_EA           Filter = 0x080
	FILE_NOTIFY_CHANGE_SECURITY     Filter = 0x100
	FILE_NOTIFY_CHANGE_STREAM_NAME  Filter = 0x200
	FILE_NOTIFY_CHANGE_STREAM_SIZE  Filter = 0x400
	FILE_NOTIFY_CHANGE_STREAM_WRITE Filter = 0x800
)

// DefaultFilter is everything but what reading a file changes.
const DefaultFilter = filterNames | filterData | filterAttributes

const (
	filterNames      = FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_DIR_NAME
	filterData       = FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE
	filterAttributes = FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_CREATION | FILE_NOTIFY_CHANGE_SECURITY
)

var filterBitNames = []struct {
	filter Filter
	name   string
}{
	{FILE_NOTIFY_CHANGE_FILE_NAME, "FILE_NAME"},
	{FILE_NOTIFY_CHANGE_DIR_NAME, "DIR_NAME"},
	{FILE_NOTIFY_CHANGE_ATTRIBUTES, "ATTRIBUTES"},
	{FILE_NOTIFY_CHANGE_SIZE, "SIZE"},
	{FILE_NOTIFY_CHANGE_LAST_WRITE, "LAST_WRITE"},
	{FILE_NOTIFY_CHANGE_LAST_ACCESS, "LAST_ACCESS"},
	{FILE_NOTIFY_CHANGE_CREATION, "CREATION"},
	{FILE_NOTIFY_CHANGE_EA, "EA"},
	{FILE_NOTIFY_CHANGE_SECURITY, "SECURITY"},
	{FILE_NOTIFY_CHANGE_STREAM_NAME, "STREAM_NAME"},
	{FILE_NOTIFY_CHANGE_STREAM_SIZE, "STREAM_SIZE"},
	{FILE_NOTIFY_CHANGE_STREAM_WRITE, "STREAM_WRITE"},
}

// String joins the names without FILE_NOTIFY_CHANGE_ with "|", unknown bits as
// one hexadecimal number at the end. The zero Filter is "0".
func (f Filter) String() string {
	var words []string
	for _, n := range filterBitNames {
		if f&n.filter != 0 {
			words = append(words, n.name)
			f &^= n.filter
		}
	}
	if f != 0 || len(words) == 0 {
		words = append(words, hexOrZero(f))
	}
	return strings.Join(words, "|")
}

func hexOrZero(f Filter) string {
	if f == 0 {
		return "0"
	}
	return "0x" + strconv.FormatUint(uint64(f), 16)
}

// ParseFilter reads what String prints.
func ParseFilter(s string) (Filter, error) {
	var f Filter
words:
	for word := range strings.SplitSeq(s, "|") {
		for _, n := range filterBitNames {
			if n.name == word {
				f |= n.filter
				continue words
			}
		}
		n, err := strconv.ParseUint(word, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("unknown change %q in filter %q", word, s)
		}
		f |= Filter(n)
	}
	return f, nil
}

// filterOf says which changes an event of inotify can be concluded from.
var filterOf = []struct {
	mask   Mask
	filter Filter
}{
	{IN_CREATE | IN_DELETE | IN_MOVE, filterNames},
	{IN_MODIFY, filterData},
	// LAST_WRITE is how a change of a directory's contents shows.
	{IN_ATTRIB, filterAttributes | FILE_NOTIFY_CHANGE_LAST_WRITE},
	// The end of the watched object needs none, but Windows refuses an empty filter.
	{IN_DELETE_SELF, FILE_NOTIFY_CHANGE_DIR_NAME},
}

// Filter is what ReadDirectoryChangesW must be asked for to learn of the events of m.
func (m Mask) Filter() (f Filter) {
	for _, row := range filterOf {
		if m&row.mask != 0 {
			f |= row.filter
		}
	}
	return f
}

// Untold is the events of m of which Windows never tells a watch of a directory or of a file: that
// something was opened, read or closed, and that the directory itself was renamed. Of a file the one that it lies in tells that.
func (m Mask) Untold(dir bool) Mask {
	m &= IN_OPEN | IN_ACCESS | IN_CLOSE | IN_MOVE_SELF
	if !dir {
		m &^= IN_MOVE_SELF
	}
	return m
}

// Attributes are the attributes of a file of Windows.
type Attributes uint32

// The attributes that fsrec looks at, with the values of Windows' winnt.h. No
// file has none: FILE_ATTRIBUTE_NORMAL stands for that.
const (
	FILE_ATTRIBUTE_DIRECTORY     Attributes = 0x0010
	FILE_ATTRIBUTE_NORMAL        Attributes = 0x0080
	FILE_ATTRIBUTE_REPARSE_POINT Attributes = 0x0400
)

// Attributes are those of the subject of a KindChange record, 0 if they are not known.
func (r *Record) Attributes() Attributes { return Attributes(r.Cookie) }
