package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"cz-visa-monitor/adapters/web"
)

// envFile is read from the working directory, if it is there.
const envFile = ".env"

// maxSecret bounds a secret read from a file, in bytes.
const maxSecret = 64 << 10

// sources are the places a value can come from, the strongest first.
type sources struct {
	flags map[string]string // by key, only those that were given
	env   map[string]string
	file  map[string]string // .env
}

// loadConfig reads the configuration: flag, then environment, then .env, then
// default. It names everything that is wrong at once.
func loadConfig(src sources) (config, error) {
	var c config
	var errs []error
	known := make(map[string]bool)
	for _, o := range options() {
		known[o.key] = true
		if o.secret {
			known[o.key+fileSuffix] = true
		}
		v, from, err := src.value(o)
		if err == nil {
			err = o.set(&c, v)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s (from %s) %w", o.key, o.placeName(from), err))
		}
		c.settings = append(c.settings, o.row(v, from))
	}
	errs = append(errs, unknownKeys("the environment", src.env, known)...)
	errs = append(errs, unknownKeys(envFile, src.file, known)...)
	if len(errs) == 0 {
		errs = append(errs, c.check())
	}
	return c, errors.Join(errs...)
}

// value finds the strongest value of an option and says where it is from.
func (s sources) value(o option) (value string, from web.Place, err error) {
	if v, ok := s.flags[o.key]; ok {
		return v, web.FromFlag, nil
	}
	for _, place := range []struct {
		name   web.Place
		values map[string]string
	}{{web.FromEnvironment, s.env}, {web.FromEnvFile, s.file}} {
		// An empty value is none: that is what compose makes of ${VARIABLE:-}.
		v, path := place.values[o.key], place.values[o.key+fileSuffix]
		direct, byFile := v != "", path != ""
		switch {
		case byFile && !o.secret:
			continue // Reported as an unknown key.
		case direct && byFile:
			return "", place.name, fmt.Errorf("is given twice, also as %s; remove one", o.key+fileSuffix)
		case byFile:
			v, err := readSecret(path)
			return v, web.FromSecretFile, err
		case direct:
			return v, place.name, nil
		}
	}
	return o.def, web.FromDefault, nil
}

// placeName names a place for an error.
func (o option) placeName(p web.Place) string {
	switch p {
	case web.FromFlag:
		return "--" + o.flag()
	case web.FromEnvironment:
		return "the environment"
	case web.FromEnvFile:
		return envFile
	case web.FromSecretFile:
		return o.key + fileSuffix
	case web.FromDefault:
	}
	return "the default"
}

// row returns what an admin is shown of the option: of a secret, whether it is set.
func (o option) row(value string, from web.Place) web.Setting {
	row := web.Setting{Name: o.key, Value: value, Secret: o.secret, Set: value != "", From: from}
	if o.secret {
		row.Value = ""
	}
	return row
}

// readSecret reads the value of a _FILE key; a line break at its end is no
// part of it.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }() // Only read.
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("is longer than %d bytes; this is hardly the right file", maxSecret)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// unknownKeys reports keys with our prefix that no option has: most are typing
// errors, and a setting that is silently ignored is worse than an error.
func unknownKeys(place string, values map[string]string, known map[string]bool) (errs []error) {
	for key := range values {
		if strings.HasPrefix(key, prefix) && !known[key] && !fromCluster(key) {
			errs = append(errs, fmt.Errorf("%s (from %s) is no known setting; see 'cz-visa-monitor help' for the list", key, place))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// fromCluster reports whether Kubernetes puts key into the environment of every
// container beside a Service called czvm.
func fromCluster(key string) bool {
	return strings.HasPrefix(key, prefix+"SERVICE_") || key == prefix+"PORT" || strings.HasPrefix(key, prefix+"PORT_")
}

// readEnvFile reads .env; a file that is not there is an empty one.
func readEnvFile(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	values, err := parseDotenv(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	return values, nil
}

// environment turns os.Environ into a map.
func environment(environ []string) map[string]string {
	m := make(map[string]string)
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			m[k] = v
		}
	}
	return m
}
