package event_test

import (
	"fmt"

	"firstspike/event"
)

// A recording of N-MNIST, rid of events that nothing near them goes with.
func Example() {
	r, err := event.ReadFile("testdata/00001.bin", 34, 34)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(r.Events), "events, the first", r.Events[0])
	var f event.Filter
	kept := f.WithoutNoise(r.Events, r.Rows, r.Cols, 10000)
	fmt.Println(len(kept), "of them have company")
	// Output:
	// 4681 events, the first {893 18 16 true}
	// 4358 of them have company
}

// A bright square, shown to a camera that N-MNIST could have been recorded with.
func ExampleRecorder_Record() {
	r, err := event.NMNIST().Recorder()
	if err != nil {
		fmt.Println(err)
		return
	}
	pixels := make([]byte, 28*28)
	for y := 10; y < 18; y++ {
		for x := 10; x < 18; x++ {
			pixels[y*28+x] = 255
		}
	}
	saccades := [3]int{}
	for _, e := range r.Record(pixels, 28, 28, 0).Events {
		saccades[min(e.Time/105000, 2)]++
	}
	fmt.Println("all saccades were seen:", min(saccades[0], saccades[1], saccades[2]) > 300)
	// Output: all saccades were seen: true
}
