package tensorfile

import (
	"fmt"
	"io"
	"strings"
)

// firstRead is the most memory given to a header's word alone; more follows only as data arrive.
const firstRead = 64 << 10

// maxTrailing is how far bytes after the data are counted for the error message.
const maxTrailing = 1 << 20

// readUpTo reads n bytes, or fewer if r ends before. The buffer grows as data arrive, so that a header that lies about a
// short file costs no memory; known is how many bytes are certainly there (0 if nobody can tell) and saves the growing.
func readUpTo(r io.Reader, n int, known int64) ([]byte, error) {
	buf := make([]byte, 0, int(min(int64(n), max(known, firstRead))))
	for len(buf) < n {
		if len(buf) == cap(buf) {
			buf = grow(buf, n)
		}
		m, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// grow returns buf with room for more, but for no more than most bytes in all.
func grow(buf []byte, most int) []byte {
	grown := make([]byte, len(buf), min(most, max(firstRead, 2*cap(buf))))
	copy(grown, buf)
	return grown
}

// expectEnd returns an error that counts the bytes left in r, if there are any. n bytes of data came before.
func expectEnd(r io.Reader, n int) error {
	extra, err := io.CopyN(io.Discard, r, maxTrailing)
	switch {
	case err != nil && err != io.EOF:
		return err
	case extra == maxTrailing:
		return fmt.Errorf("at least %d bytes follow the %d bytes of data that the header announces", extra, n)
	case extra > 0:
		return fmt.Errorf("%d bytes follow the %d bytes of data that the header announces", extra, n)
	}
	return nil
}

// clip shortens file content for an error message.
func clip[T ~string | ~[]byte](s T) string {
	const most = 60
	if len(s) <= most {
		return string(s)
	}
	return strings.ToValidUTF8(string(s[:most]), "") + "..."
}
