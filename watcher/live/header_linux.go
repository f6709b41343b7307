package live

import (
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// newHeader describes an instance before anything was asked of it.
func newHeader(start time.Time, opts *Options) event.Header {
	h := event.Header{
		Platform:   event.Linux,
		Backend:    "inotify",
		Start:      start,
		Limits:     Limits(),
		ReadBuffer: opts.Buffer,
		ReadPause:  opts.Pause.String(),
	}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		h.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	return h
}

// Header implements event.Backend. Roots, Mask and the flags are what was asked
// for so far, FileSystem is that of the first root.
func (n *Inotify) Header() event.Header {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := n.header
	h.Roots = slices.Clone(h.Roots)
	return h
}

// fileSystems has the names of the f_type values of statfs(2).
var fileSystems = map[uint32]string{
	unix.EXT4_SUPER_MAGIC:      "ext4",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.BTRFS_SUPER_MAGIC:     "btrfs",
	unix.XFS_SUPER_MAGIC:       "xfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.NFS_SUPER_MAGIC:       "nfs",
	unix.F2FS_SUPER_MAGIC:      "f2fs",
	unix.MSDOS_SUPER_MAGIC:     "vfat",
	unix.EXFAT_SUPER_MAGIC:     "exfat",
	unix.FUSE_SUPER_MAGIC:      "fuse",
	unix.SMB2_SUPER_MAGIC:      "smb2",
	unix.CIFS_SUPER_MAGIC:      "cifs",
	unix.V9FS_MAGIC:            "9p",
	unix.SQUASHFS_MAGIC:        "squashfs",
	unix.RAMFS_MAGIC:           "ramfs",
	unix.PROC_SUPER_MAGIC:      "proc",
	unix.SYSFS_MAGIC:           "sysfs",
	unix.ISOFS_SUPER_MAGIC:     "iso9660",
	0x2fc12fc1:                 "zfs",
	0xca451a4e:                 "bcachefs",
}

// fileSystem names the file system of path, its f_type in hexadecimal if it has
// no name here, nothing if it cannot be known.
func fileSystem(path string) string {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil {
		return ""
	}
	if name := fileSystems[uint32(s.Type)]; name != "" {
		return name
	}
	return fmt.Sprintf("%#x", uint32(s.Type))
}
