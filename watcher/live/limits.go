package live

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"fsrec/watcher/event"
)

// Limit is one of the kernel's settings for inotify.
type Limit struct{ name string }

// The settings of Linux: see inotify(7).
var (
	QueuedEvents  = Limit{"max_queued_events"}  // events that wait to be read, of one instance made later
	UserInstances = Limit{"max_user_instances"} // instances that a user may have
	UserWatches   = Limit{"max_user_watches"}   // watches that a user may have in all instances
)

// Limits gives the settings as they are now; one that cannot be read is 0.
func Limits() event.Limits {
	get := func(l Limit) int64 {
		v, _ := l.Get()
		return v
	}
	return event.Limits{MaxQueuedEvents: get(QueuedEvents), MaxUserInstances: get(UserInstances), MaxUserWatches: get(UserWatches)}
}

// Path is the file that holds the setting.
func (l Limit) Path() string { return "/proc/sys/fs/inotify/" + l.name }

// Sysctl is the name of the setting for the sysctl command.
func (l Limit) Sysctl() string { return "fs.inotify." + l.name }

// Get reads the setting.
func (l Limit) Get() (int64, error) {
	if runtime.GOOS != "linux" {
		return 0, fmt.Errorf("cannot read %s: %w", l.Sysctl(), event.ErrUnsupported)
	}
	v, err := readNumber(l.Path())
	if err != nil {
		return 0, fmt.Errorf("cannot read %s: %w", l.Sysctl(), err)
	}
	return v, nil
}

func readNumber(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// Set changes the setting for the whole system, which only root may do.
func (l Limit) Set(v int64) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("cannot set %s: %w", l.Sysctl(), event.ErrUnsupported)
	}
	f, err := os.OpenFile(l.Path(), os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(strconv.FormatInt(v, 10))
		if e := f.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("cannot set %s to %d: %w; as root: sysctl %s=%d", l.Sysctl(), v, err, l.Sysctl(), v)
	}
	return nil
}

// Hint names the setting that stands in the way, its value and how to raise it:
// a user namespace can have a lower limit of its own, see namespaces(7).
func (l Limit) Hint() string {
	sysctl := l.Sysctl()
	v, err := readNumber(l.Path())
	if inner, ok := namespaceLimits[l]; ok {
		path := "/proc/sys/" + strings.ReplaceAll(inner, ".", "/")
		if w, e := readNumber(path); e == nil && (err != nil || w < v) {
			sysctl, v, err = inner, w, nil
		}
	}
	if err != nil {
		return fmt.Sprintf("%s is too low; raise it as root with: sysctl %s=N", sysctl, sysctl)
	}
	return fmt.Sprintf("%s is %d; raise it as root with: sysctl %s=%d", sysctl, v, sysctl, max(2*v, 8192))
}

var namespaceLimits = map[Limit]string{
	UserInstances: "user.max_inotify_instances",
	UserWatches:   "user.max_inotify_watches",
}
