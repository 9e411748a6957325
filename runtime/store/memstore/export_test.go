package memstore

import (
	"slices"

	"github.com/resetgen/resetgen/runtime/model"
)

// Plant puts a value into a field of an object, whether it fits or not.
func (d *Disk) Plant(path, name string, key model.Value, field string, v model.Value) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[path]
	planted := f.content.copy()
	fields, objects := planted.catalog.Model(name).Fields, planted.tables[name].objects
	o := *planted.tables[name].get(key)
	o.values = slices.Clone(o.values)
	for p := range fields {
		if fields[p].Name == field {
			o.values[p] = v
		}
	}
	objects.Set(&o)
	f.content = planted
}
