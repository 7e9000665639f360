package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"firstspike/dataset"
)

// pictures writes a folder of pictures of two classes: MNIST's zeros and ones,
// six of each of so many objects, called by object and view, of different
// sizes if wanted: "pictures DIR OBJECTS [sizes]".
func pictures(args []string) error {
	objects, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	set, err := dataset.MNISTTest()
	if err != nil {
		return err
	}
	const views = 6
	for label, class := range []string{"nought", "stroke"} {
		dir := filepath.Join(args[0], class)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		done := 0
		for i := range set.Len() {
			if set.Label(i) != label || done == objects*views {
				continue
			}
			g := dataset.Grey{Rows: set.Rows, Cols: set.Cols, Pixels: set.Image(i)}
			rows, cols := set.Rows, set.Cols
			if len(args) > 2 {
				rows, cols = rows+done%5, cols+done%7
			}
			pixels, _ := dataset.Natural(g, rows, cols, dataset.Stretch)
			var b bytes.Buffer
			if err := png.Encode(&b, &image.Gray{Pix: pixels, Stride: cols, Rect: image.Rect(0, 0, cols, rows)}); err != nil {
				return err
			}
			name := fmt.Sprintf("%c%d-%d.png", class[0], done/views, done%views)
			if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o666); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

// mirror serves a folder, and writes its address into a file: "mirror DIR FILE".
func mirror(args []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := os.WriteFile(args[1]+".tmp", fmt.Appendf(nil, "http://%v", l.Addr()), 0o666); err != nil {
		return err
	}
	if err := os.Rename(args[1]+".tmp", args[1]); err != nil {
		return err
	}
	return http.Serve(l, http.FileServer(http.Dir(args[0])))
}

// await waits until a file is there.
func await(args []string) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(args[0]); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not come", args[0])
}

// originals writes Fashion-MNIST's files as their authors publish them. Those
// of Debian's package differ from them by the name and the time that gzip notes.
func originals(args []string) error {
	k, _ := dataset.Lookup("fashion-mnist")
	for i, f := range k.Files {
		packed, err := os.ReadFile(filepath.Join(k.Path, f.Name))
		if err != nil {
			return err
		}
		seconds := []uint32{1504176606, 1504176606, 1504176627, 1504176627}[i]
		b := binary.LittleEndian.AppendUint32([]byte{0x1f, 0x8b, 8, 8}, seconds)
		b = append(append(b, 0, 3), f.Name[:len(f.Name)-len(".gz")]...)
		b = append(append(b, 0), packed[10:]...)
		if err := os.WriteFile(filepath.Join(args[0], f.Name), b, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// fashion reports whether Debian's package of Fashion-MNIST is here.
func fashion() bool {
	k, _ := dataset.Lookup("fashion-mnist")
	_, err := os.Stat(k.Path)
	return err == nil
}
