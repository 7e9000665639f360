package hdf5_test

import (
	"bytes"
	"fmt"
	"log"

	"firstspike/internal/hdf5"
)

// A file with a string and three numbers. In Python:
//
//	>>> f = h5py.File("net.h5")
//	>>> f["version"][()], f["node/stride"][()]
//	(b'1.0', array([1, 2, 3]))
func Example() {
	var b bytes.Buffer
	err := hdf5.Write(&b, hdf5.Group{
		{Name: "version", Object: hdf5.Text{Values: []string{"1.0"}}},
		{Name: "node", Object: hdf5.Group{
			{Name: "stride", Object: hdf5.Dataset{Type: hdf5.I64, Shape: []int{3}, Data: []byte{
				1, 0, 0, 0, 0, 0, 0, 0,
				2, 0, 0, 0, 0, 0, 0, 0,
				3, 0, 0, 0, 0, 0, 0, 0,
			}}},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, %d bytes\n", b.Bytes()[:4], b.Len())
	// Output: "\x89HDF", 4493 bytes
}
