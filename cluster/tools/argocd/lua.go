// Package argocd runs resource customizations as Argo CD does: with its Lua engine, the same few libraries, the object as the
// global obj, and a second of time.
package argocd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
	luajson "layeh.com/gopher-json"
)

// Object is a Kubernetes object as decoded from JSON.
type Object = map[string]any

const longestRun = time.Second

// run runs a script on an object and decodes the table that it returns into result.
func run(script string, object Object, result any) error {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	ctx, cancel := context.WithTimeout(context.Background(), longestRun)
	defer cancel()
	state.SetContext(ctx)
	if err := openLibraries(state); err != nil {
		return fmt.Errorf("open the libraries: %w", err)
	}
	state.SetGlobal("obj", luajson.DecodeValue(state, object))
	if err := state.DoString(script); err != nil {
		return fmt.Errorf("run the script: %w", err)
	}
	returned := state.Get(-1)
	if returned.Type() != lua.LTTable {
		return fmt.Errorf("the script returns a %s, not a table", returned.Type())
	}
	encoded, err := luajson.Encode(returned)
	if err != nil {
		return fmt.Errorf("encode what the script returns: %w", err)
	}
	if err := json.Unmarshal(encoded, result); err != nil {
		return fmt.Errorf("decode what the script returns: %w", err)
	}
	return nil
}

// openLibraries gives scripts what they have without the setting useOpenLibs: the base, package and table libraries, and of
// the os library what tells the time. There is no string library.
func openLibraries(state *lua.LState) error {
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.OsLibName, lua.OpenOs}} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return err
		}
	}
	complete, ok := state.GetGlobal(lua.OsLibName).(*lua.LTable)
	if !ok {
		return errors.New("there is no os library")
	}
	safe := state.NewTable()
	for _, name := range []string{"time", "date"} {
		safe.RawSetString(name, complete.RawGetString(name))
	}
	state.SetGlobal(lua.OsLibName, safe)
	loaded, ok := state.GetField(state.Get(lua.RegistryIndex), "_LOADED").(*lua.LTable)
	if !ok {
		return errors.New("there are no loaded libraries")
	}
	loaded.RawSetString(lua.OsLibName, safe)
	return nil
}

// act runs an action and returns the object that Argo CD would patch the old one to. Lua cannot tell an empty object from an
// empty list, so those that the action left alone are restored.
func act(script string, object Object) (Object, error) {
	var changed Object
	if err := run(script, object, &changed); err != nil {
		return nil, err
	}
	restored, ok := restoreEmpty(changed, object).(Object)
	if !ok {
		return nil, errors.New("the action returns no object")
	}
	return restored, nil
}

func restoreEmpty(changed, original any) any {
	switch before := original.(type) {
	case Object:
		if list, ok := changed.([]any); ok && len(list) == 0 {
			return Object{}
		}
		if after, ok := changed.(Object); ok {
			for key := range after {
				after[key] = restoreEmpty(after[key], before[key])
			}
		}
	case []any:
		if after, ok := changed.([]any); ok {
			for i := range min(len(after), len(before)) {
				after[i] = restoreEmpty(after[i], before[i])
			}
		}
	}
	return changed
}
