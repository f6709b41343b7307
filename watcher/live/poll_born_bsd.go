//go:build darwin || freebsd || netbsd

package live

import "golang.org/x/sys/unix"

func pollBorn(s *unix.Stat_t) int64 { return max(s.Btim.Nano(), 0) }
