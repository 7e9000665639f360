package tensorfile_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log"
	"strings"

	"firstspike/tensorfile"
)

// A layer's weights go to a safetensors file and come back.
func Example() {
	weights, err := tensorfile.From("s1.weights", []int{2, 1, 1, 3}, []float32{0.8, 0.25, 1, 0, 0.5, 0.125})
	if err != nil {
		log.Fatal(err)
	}
	saved := tensorfile.File{
		Tensors:  []tensorfile.Tensor{weights},
		Metadata: map[string]string{"layer": "s1"},
	}
	var disk bytes.Buffer
	if err := tensorfile.WriteSafetensors(&disk, &saved); err != nil {
		log.Fatal(err)
	}

	loaded, err := tensorfile.ReadSafetensors(&disk)
	if err != nil {
		log.Fatal(err)
	}
	w, err := loaded.Tensor("s1.weights")
	if err != nil {
		log.Fatal(err)
	}
	values, err := w.Float32s()
	fmt.Println(loaded.Metadata["layer"], w.DType, w.Shape, values, err)

	_, err = loaded.Tensor("s2.weights")
	fmt.Println(err)
	// Output:
	// s1 F32 [2 1 1 3] [0.8 0.25 1 0 0.5 0.125] <nil>
	// no tensor "s2.weights"; the file has s1.weights
}

// What is missing is named beside what is there.
func ExampleFile_Tensor() {
	w1, _ := tensorfile.From("w1", nil, []float32{1})
	w2, _ := tensorfile.From("w2", nil, []float32{2})
	f := tensorfile.File{Path: "trace.npz", Tensors: []tensorfile.Tensor{w1, w2}}
	_, err := f.Tensor("w3")
	fmt.Println(err)
	// Output: trace.npz: no tensor "w3"; the file has w1, w2
}

// Ints reads any integer type and refuses the others.
func ExampleTensor_Ints() {
	winners, _ := tensorfile.From("winners", []int{2, 3}, []int16{4, 0, 1, -1, -1, -1})
	fmt.Println(winners.Ints())

	potentials, _ := tensorfile.From("potentials", []int{2}, []float32{9.5, 10.25})
	_, err := potentials.Ints()
	fmt.Println(err)
	// Output:
	// [4 0 1 -1 -1 -1] <nil>
	// tensor "potentials" is F32 [2]; this use needs U8, I8, I16, U16, I32, U32, I64, U64
}

// numpy.load reads what WriteNPZ writes.
func ExampleWriteNPZ() {
	latency, _ := tensorfile.From("latency", []int{2, 2}, []uint8{0, 3, 14, 15})
	label, _ := tensorfile.From("label", nil, []int{7}) // a scalar
	var disk bytes.Buffer
	err := tensorfile.WriteNPZ(&disk, &tensorfile.File{Tensors: []tensorfile.Tensor{latency, label}}, zip.Deflate)
	if err != nil {
		log.Fatal(err)
	}

	f, err := tensorfile.ReadNPZ(bytes.NewReader(disk.Bytes()), int64(disk.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range f.Tensors {
		values, err := t.Ints()
		fmt.Println(t.Name, t.DType, t.Shape, values, err)
	}
	// Output:
	// latency U8 [2 2] [0 3 14 15] <nil>
	// label I64 [] [7] <nil>
}

// A text file does not say its type: the reader does.
func ExampleReadText() {
	const file = "2,3\n0.8,0.2,1.0,0.0,0.5,1e-05\n"
	t, err := tensorfile.ReadText(strings.NewReader(file), "w", tensorfile.F32)
	if err != nil {
		log.Fatal(err)
	}
	values, err := t.Float32s()
	fmt.Println(t.Shape, values, err)

	_, err = tensorfile.ReadText(strings.NewReader(file), "w", tensorfile.I32)
	fmt.Println(err)
	// Output:
	// [2 3] [0.8 0.2 1 0 0.5 1e-05] <nil>
	// text: tensor "w": value 0: "0.8": invalid syntax
}

// A state dict goes to a file for torch.load and comes back.
func ExampleReadTorch() {
	weights, _ := tensorfile.From("conv1.weight", []int{1, 1, 1, 2}, []float32{0.75, 0.25})
	var disk bytes.Buffer
	err := tensorfile.WriteTorch(&disk, &tensorfile.File{Tensors: []tensorfile.Tensor{weights}})
	if err != nil {
		log.Fatal(err)
	}
	f, err := tensorfile.ReadTorch(bytes.NewReader(disk.Bytes()), int64(disk.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range f.Tensors {
		values, err := t.Float32s()
		fmt.Println(t.Name, t.Shape, values, err)
	}

	// A pickle that would run a program is refused.
	hostile := "\x80\x02cos\nsystem\nX\x04\x00\x00\x00exit\x85R."
	_, err = tensorfile.ReadTorch(strings.NewReader(hostile), int64(len(hostile)))
	fmt.Println(err)
	// Output:
	// conv1.weight [1 1 1 2] [0.75 0.25] <nil>
	// torch: pickle, byte 2: it asks for "os.system", which no state dict of tensors needs, and which is refused; nothing was executed. Save the state dict alone: torch.save(model.state_dict(), FILE)
}
