package live

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"fsrec/watcher/event"
)

// sentinel is a file that is made in a watched directory and is gone at once. The
// system tells of changes in their order, so what happened before it was made has
// been told when it is met. Whatever made it, it is
// marked as our own: records of it are kept and not delivered.
type sentinel int64

const sentinelPrefix = ".fsrec-barrier-"

// sentinels is the latest. It begins anywhere, because the process of the same id on another
// machine may watch the same share.
var sentinels atomic.Int64

func init() { sentinels.Store(int64(rand.Uint32()) << 16) }

func nextSentinel() sentinel { return sentinel(sentinels.Add(1)) }

func (s sentinel) name() string {
	return sentinelPrefix + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(int64(s), 10)
}

// isSentinel reports whether name, from the watched directory, is that of a
// sentinel of any process.
func isSentinel(name string) bool {
	_, numbers, ok := strings.Cut(event.Windows.Base(name), sentinelPrefix)
	if !ok || len(event.Windows.Base(name)) != len(sentinelPrefix)+len(numbers) {
		return false
	}
	pid, n, ok := strings.Cut(numbers, "-")
	return ok && isNumber(pid) && isNumber(n)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// sentinelOf is the sentinel that r says was made in the watched directory itself by
// this process, 0 if it says something else.
func sentinelOf(r *event.Record) sentinel {
	if r.Flags&event.FlagOwn == 0 || r.Action() != event.FILE_ACTION_ADDED {
		return 0
	}
	number, ok := strings.CutPrefix(r.Name, sentinelPrefix+strconv.Itoa(os.Getpid())+"-")
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(number, 10, 64)
	return sentinel(n)
}
