package report

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"

	"fsrec/watcher"
	"fsrec/watcher/event"
)

func (r *Report) reason(errno int64) string { return Reason(r.Header.Platform, errno) }

// Reason words an errno. Its numbers are those of the recorded platform, so that
// another one can only say what they are called there.
func Reason(platform event.Platform, errno int64) string {
	if string(platform) == runtime.GOOS {
		return strings.TrimSuffix(syscall.Errno(errno).Error(), ".")
	}
	word := "errno"
	if platform == event.Windows {
		word = "error"
	}
	if name := errorNames[platform][errno]; name != "" {
		return fmt.Sprintf("%s %d, %s", word, errno, name)
	}
	return fmt.Sprintf("%s %d of %s", word, errno, watcher.AppendEscaped(nil, string(platform)))
}

// errorNames are the numbers that watching, listing and looking at files can
// give: errno.h of each platform, and Windows' winerror.h.
var errorNames = map[event.Platform]map[int64]string{
	event.Linux: {
		1: "EPERM", 2: "ENOENT", 4: "EINTR", 5: "EIO", 9: "EBADF", 12: "ENOMEM", 13: "EACCES", 16: "EBUSY", 17: "EEXIST",
		19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 28: "ENOSPC",
		36: "ENAMETOOLONG", 38: "ENOSYS", 40: "ELOOP", 95: "EOPNOTSUPP", 107: "ENOTCONN", 110: "ETIMEDOUT", 116: "ESTALE", 121: "EREMOTEIO",
	},
	event.Darwin: {
		1: "EPERM", 2: "ENOENT", 4: "EINTR", 5: "EIO", 9: "EBADF", 12: "ENOMEM", 13: "EACCES", 16: "EBUSY", 17: "EEXIST",
		19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL", 23: "ENFILE", 24: "EMFILE", 28: "ENOSPC",
		45: "ENOTSUP", 60: "ETIMEDOUT", 62: "ELOOP", 63: "ENAMETOOLONG", 70: "ESTALE",
	},
	event.Windows: {
		1: "ERROR_INVALID_FUNCTION", 2: "ERROR_FILE_NOT_FOUND", 3: "ERROR_PATH_NOT_FOUND", 4: "ERROR_TOO_MANY_OPEN_FILES",
		5: "ERROR_ACCESS_DENIED", 6: "ERROR_INVALID_HANDLE", 8: "ERROR_NOT_ENOUGH_MEMORY", 21: "ERROR_NOT_READY",
		31: "ERROR_GEN_FAILURE", 32: "ERROR_SHARING_VIOLATION", 50: "ERROR_NOT_SUPPORTED", 53: "ERROR_BAD_NETPATH",
		55: "ERROR_DEV_NOT_EXIST", 59: "ERROR_UNEXP_NET_ERR", 64: "ERROR_NETNAME_DELETED", 67: "ERROR_BAD_NET_NAME",
		87: "ERROR_INVALID_PARAMETER", 121: "ERROR_SEM_TIMEOUT", 123: "ERROR_INVALID_NAME", 161: "ERROR_BAD_PATHNAME",
		170: "ERROR_BUSY", 206: "ERROR_FILENAME_EXCED_RANGE", 267: "ERROR_DIRECTORY", 303: "ERROR_DELETE_PENDING",
		995: "ERROR_OPERATION_ABORTED", 998: "ERROR_NOACCESS", 1005: "ERROR_UNRECOGNIZED_VOLUME", 1006: "ERROR_FILE_INVALID",
		1022: "ERROR_NOTIFY_ENUM_DIR", 1110: "ERROR_MEDIA_CHANGED", 1117: "ERROR_IO_DEVICE", 1167: "ERROR_DEVICE_NOT_CONNECTED",
		1231: "ERROR_NETWORK_UNREACHABLE", 1450: "ERROR_NO_SYSTEM_RESOURCES", 1921: "ERROR_CANT_RESOLVE_FILENAME",
	},
}
