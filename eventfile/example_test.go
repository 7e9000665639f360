package eventfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"firstspike/eventfile"
)

// A curve of three epochs is written as TensorBoard shows it, and read again.
func Example() {
	var file bytes.Buffer
	at := time.Unix(1_700_000_000, 0)
	w, err := eventfile.NewWriter(&file, at)
	if err != nil {
		fmt.Println(err)
		return
	}
	for epoch, accuracy := range []float64{.81, .92, .95} {
		if err := w.Scalar(at.Add(time.Duration(epoch)*time.Minute), int64(epoch), "accuracy/validation", accuracy); err != nil {
			fmt.Println(err)
			return
		}
	}
	for r := eventfile.NewReader(&file); ; {
		event, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Println(err)
			return
		}
		for _, v := range event.Values {
			fmt.Printf("step %d: %s %.2f\n", event.Step, v.Tag, v.Scalar)
		}
	}
	// Output:
	// step 0: accuracy/validation 0.81
	// step 1: accuracy/validation 0.92
	// step 2: accuracy/validation 0.95
}
