package whole_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"firstspike/internal/whole"
)

// A disk that becomes full costs nothing but the new contents, and who creates a
// file that is there learns so.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "result.txt")

	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, s)
			return err
		}
	}
	fmt.Println(whole.Create(path, 0o644, text("98 %")))
	fmt.Println(whole.Create(path, 0o644, text("97 %")))
	fmt.Println(whole.Write(path, 0o644, func(w io.Writer) error {
		return errors.Join(text("9")(w), errors.New("no space left"))
	}))
	content, err := os.ReadFile(path)
	fmt.Println(string(content), err)
	// Output:
	// true <nil>
	// false <nil>
	// no space left
	// 98 % <nil>
}
