package nir

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"firstspike/internal/hdf5"
	"firstspike/tensorfile"
)

// Version is the version of the Python package nir whose files these are.
const Version = "1.0.8"

// A Graph is a network in NIR.
type Graph struct {
	Nodes    []Node
	Edges    []Edge
	Metadata Metadata
}

// An Edge carries what one node gives to another, both by their names.
type Edge struct{ From, To string }

// A Node computes something of what comes in over its edges.
type Node struct {
	Name       string
	Type       string              // NIR's name of what it computes: "Conv2d", "IF", …
	Parameters []tensorfile.Tensor // under NIR's names; F32, F64 or I64
	Metadata   Metadata
}

// Metadata is what NIR leaves to those who write files.
type Metadata struct {
	Text    map[string]string
	Numbers []tensorfile.Tensor // F32, F64 or I64
}

// Write writes the graph as an HDF5 file, as the Python package nir does. The same
// graph gives the same bytes.
func (g *Graph) Write(w io.Writer) error {
	nodes := hdf5.Group{}
	for _, n := range g.Nodes {
		group := hdf5.Group{{Name: "type", Object: text(n.Type)}}
		group, err := appendTensors(group, n.Parameters)
		if err == nil {
			group, err = n.Metadata.append(group)
		}
		if err != nil {
			return fmt.Errorf("node %s: %w", n.Name, err)
		}
		nodes = append(nodes, hdf5.Link{Name: n.Name, Object: group})
	}
	edges := hdf5.Text{Shape: []int{len(g.Edges), 2}}
	for _, e := range g.Edges {
		edges.Values = append(edges.Values, e.From, e.To)
	}
	root := hdf5.Group{
		{Name: "type", Object: text("NIRGraph")},
		{Name: "nodes", Object: nodes},
		{Name: "edges", Object: edges},
	}
	root, err := g.Metadata.append(root)
	if err != nil {
		return err
	}
	return hdf5.Write(w, hdf5.Group{
		{Name: "version", Object: text(Version)},
		{Name: "node", Object: root},
	})
}

func text(s string) hdf5.Text { return hdf5.Text{Values: []string{s}} }

// append adds the metadata to the group of a node, if there are any.
func (m Metadata) append(to hdf5.Group) (hdf5.Group, error) {
	if len(m.Text) == 0 && len(m.Numbers) == 0 {
		return to, nil
	}
	var group hdf5.Group
	for _, name := range slices.Sorted(maps.Keys(m.Text)) {
		group = append(group, hdf5.Link{Name: name, Object: text(m.Text[name])})
	}
	group, err := appendTensors(group, m.Numbers)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return append(to, hdf5.Link{Name: "metadata", Object: group}), nil
}

// types are the types of tensors that a file has.
var types = map[tensorfile.DType]hdf5.Type{
	tensorfile.F32: hdf5.F32,
	tensorfile.F64: hdf5.F64,
	tensorfile.I64: hdf5.I64,
}

func appendTensors(to hdf5.Group, tensors []tensorfile.Tensor) (hdf5.Group, error) {
	for _, t := range tensors {
		of, ok := types[t.DType]
		if !ok {
			return nil, fmt.Errorf("%s is of type %s; it must be F32, F64 or I64", t.Name, t.DType)
		}
		to = append(to, hdf5.Link{Name: t.Name, Object: hdf5.Dataset{Type: of, Shape: t.Shape, Data: t.Data}})
	}
	return to, nil
}
