package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A Known is a data set that is no part of the program, but that [Open] knows by name and looks for on this machine.
type Known struct {
	Name    string // the spec
	About   string // one line
	Licence string
	Origin  string   // who made it, and where that is told
	Classes []string // the names of its classes

	// Package is Debian's package of it, and Path where that puts its files. Empty: there is none.
	Package, Path string

	// Files are what there is to fetch, and Mirrors the addresses of folders that have them, ending in a slash. If there are
	// none, Ways says how else to come by the data set.
	Files   []KnownFile
	Mirrors []string
	Ways    string
}

// A KnownFile is a file of a data set as its authors publish it.
type KnownFile struct {
	Name   string
	Bytes  int64
	SHA256 string // in hexadecimal
}

// Catalogue lists the data sets that are known by name.
func Catalogue() []Known {
	return []Known{{
		Name:    "fashion-mnist",
		About:   "60,000 and 10,000 images of 28x28 pixels: clothes in ten classes",
		Licence: "MIT",
		Origin:  "H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST, arXiv:1708.07747; https://github.com/zalandoresearch/fashion-mnist",
		Classes: []string{"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"},
		Package: "dataset-fashion-mnist", Path: "/usr/share/datasets/fashion-mnist",
		// The sums are of the files whose MD5 the authors give.
		Files: []KnownFile{
			{trainImagesName + ".gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
			{trainLabelsName + ".gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
			{testImagesName + ".gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
			{testLabelsName + ".gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
		},
		Mirrors: []string{
			"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
		},
	}, {
		Name:    "nmnist",
		About:   "60,000 and 10,000 recordings of MNIST's digits by an event camera of 34x34 pixels",
		Licence: "CC BY-SA 4.0",
		Origin:  "G. Orchard, A. Jayawant, G. Cohen and N. Thakor, Front. Neurosci. 9:437 (2015); https://www.garrickorchard.com/datasets/n-mnist",
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Ways:    "its authors publish it at https://www.garrickorchard.com/datasets/n-mnist: unpack Train.zip and Test.zip there; recordings much like it are made by: firstspike simulate",
	}}
}

// Lookup finds a data set of the [Catalogue] by its name.
func Lookup(name string) (Known, bool) {
	for _, k := range Catalogue() {
		if k.Name == name {
			return k, true
		}
	}
	return Known{}, false
}

func names() (list []string) {
	for _, k := range Catalogue() {
		list = append(list, k.Name)
	}
	return list
}

// Named reports whether spec is a name, of data inside the program or in the [Catalogue], and no path.
func Named(spec string) bool { return Inside(spec) || slices.Contains(names(), spec) }

// FolderEnv is the variable of the environment that names another [Folder].
const FolderEnv = "FIRSTSPIKE_DATA"

// Folder is the user's folder for data sets, each in a folder of its name: $FIRSTSPIKE_DATA, or firstspike/data in
// $XDG_DATA_HOME, or where the system keeps what programs have. It need not be there.
func Folder() (string, error) {
	if dir := os.Getenv(FolderEnv); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "firstspike", "data"), nil
	}
	switch runtime.GOOS {
	case "windows", "darwin", "ios", "plan9":
		dir, err := os.UserConfigDir()
		if err != nil {
			return "", fmt.Errorf("no folder for data sets: %w; name one with %s", err, FolderEnv)
		}
		return filepath.Join(dir, "firstspike", "data"), nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for data sets: %w; name one with %s", err, FolderEnv)
	}
	return filepath.Join(dir, ".local", "share", "firstspike", "data"), nil
}

// Find is the directory with the data set, in the user's [Folder] or that of Debian's package, and false if neither has it.
func (k Known) Find() (dir string, ok bool) {
	if folder, err := Folder(); err == nil {
		if dir = filepath.Join(folder, k.Name); isDir(dir) {
			return dir, true
		}
	}
	return k.Path, k.Path != "" && isDir(k.Path)
}

// missing says how to come by the data set.
func (k Known) missing() error {
	ways := []string{"firstspike data get " + k.Name}
	if k.Package != "" && runtime.GOOS == "linux" {
		ways = append(ways, "apt install "+k.Package)
	}
	looked := "in " + k.Path
	if folder, err := Folder(); err == nil {
		looked = "in " + filepath.Join(folder, k.Name)
		if k.Path != "" {
			looked += " or " + k.Path
		}
	}
	if len(k.Files) == 0 {
		return fmt.Errorf("data %q: is not on this machine (looked %s); %s", k.Name, looked, k.Ways)
	}
	return fmt.Errorf("data %q: is not on this machine (looked %s); fetch it with %s, or name the folder that has its files",
		k.Name, looked, strings.Join(ways, " or with "))
}

// here is the directory with the data set, and of which format it is.
func (k Known) here() (dir string, f format, err error) {
	dir, ok := k.Find()
	if !ok {
		return "", f, k.missing()
	}
	if f, ok = formatOf(dir); !ok {
		return "", f, k.broken(fmt.Errorf("%s: has none of its files", dir))
	}
	return dir, f, nil
}

func (k Known) open(o Options) (train, test *Set, err error) {
	dir, f, err := k.here()
	if err != nil {
		return nil, nil, err
	}
	if train, test, err = f.open(dir, o); err != nil {
		return nil, nil, k.broken(err)
	}
	train.Name, test.Name = k.Name+"/train", k.Name+"/test"
	if err := errors.Join(k.name(train, dir), k.name(test, dir)); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func (k Known) openTest(o Options) (*Set, error) {
	dir, f, err := k.here()
	if err != nil {
		return nil, err
	}
	test, err := f.openTest(dir, o)
	if err != nil {
		return nil, k.broken(err)
	}
	test.Name = k.Name + "/test"
	return test, k.name(test, dir)
}

// broken says what to do about files of the data set that cannot be read.
func (k Known) broken(err error) error {
	if len(k.Files) == 0 {
		return fmt.Errorf("%w (these are the files of %q)", err, k.Name)
	}
	return fmt.Errorf("%w (these are the files of %q: firstspike data get %s fetches them anew where they are damaged)", err, k.Name, k.Name)
}

// name gives the classes of a part their names.
func (k Known) name(s *Set, dir string) error {
	if len(k.Classes) == 0 {
		return nil
	}
	if s.Classes > len(k.Classes) {
		return fmt.Errorf("%s: has %d classes, and %s has %d; it is another data set, so move it away", dir, s.Classes, k.Name, len(k.Classes))
	}
	s.Classes, s.Names = len(k.Classes), k.Classes
	return nil
}
