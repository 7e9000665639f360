package whole

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Write makes a file with what write writes, and with a mode, in place of what has
// the path. It returns the error of write as it is. After an error what had the
// path still has it, unless all that failed was the syncing of the folder: then the
// new file has it, and may not last through a power cut.
func Write(path string, mode fs.FileMode, write func(io.Writer) error) error {
	f, err := fill(path, mode, write)
	if err != nil {
		return err
	}
	if err := f.rename(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Create is Write where nothing has the path yet. If something has it by the time
// that write is done, that stays, and Create returns false and no error. Of any
// number of processes and goroutines that create a path at once, one does. Where
// the file system has no links, two that end in the same moment may both: the
// second then replaces the first, as a whole.
func Create(path string, mode fs.FileMode, write func(io.Writer) error) (created bool, err error) {
	return create(path, mode, write, os.Link)
}

func create(path string, mode fs.FileMode, write func(io.Writer) error, link func(old, new string) error) (created bool, err error) {
	f, err := fill(path, mode, write)
	if err != nil {
		return false, err
	}
	switch err := link(f.Name(), path); {
	case err == nil:
		// It is no fault if the other name cannot be removed: it is that of a
		// half-written file.
		os.Remove(f.Name())
	case errors.Is(err, fs.ErrExist) || exists(path):
		os.Remove(f.Name())
		return false, nil
	default: // there are no links, or something that a renaming meets too
		if err := f.rename(); err != nil {
			return false, err
		}
	}
	return true, syncDir(filepath.Dir(path))
}

// Read reads a file that may be anybody's: no more than most bytes, and neither a
// device nor a pipe, which may have no end or never begin.
func Read(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: has more than %d bytes, which is too large", path, most)
	}
	return text, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// fill makes a file aside, closed and synced, with all that it is to have.
func fill(path string, mode fs.FileMode, write func(io.Writer) error) (*File, error) {
	f, err := Begin(path)
	if err != nil {
		return nil, err
	}
	if err = write(f); err == nil {
		err = f.chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return f, f.close(err)
}

// A File is written aside, and takes the place of another when all of it is there.
type File struct {
	*os.File // Name is what it is called until then
	path     string
}

// Begin begins a file that will take the place of path. It is empty, and only its
// owner can read it. The caller has to end it.
func Begin(path string) (*File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	return &File{f, path}, nil
}

// End closes the file and puts it in its place, with a mode. If err is not nil, or
// anything fails, it removes the file, leaves what is in the place, and returns the
// error. Unlike [Write] it does not wait for the disk.
func (f *File) End(mode fs.FileMode, err error) error {
	if err == nil {
		err = f.chmod(mode)
	}
	if err = f.close(err); err != nil {
		return err
	}
	return f.rename()
}

// chmod gives the file its mode, where there are any.
func (f *File) chmod(mode fs.FileMode) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return f.Chmod(mode)
}

// close closes the file, and removes it after an error, which it returns.
func (f *File) close(err error) error {
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// rename puts the closed file in its place.
func (f *File) rename() error {
	err := os.Rename(f.Name(), f.path)
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// syncDir makes a new name last through a power cut, where the system can.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// HalfWritten reports whether name is what a file is called, without its folder,
// while it is written aside to be called final.
func HalfWritten(name, final string) bool {
	digits, ours := strings.CutPrefix(name, "."+final+".")
	_, err := strconv.ParseUint(digits, 10, 64)
	return ours && err == nil
}
