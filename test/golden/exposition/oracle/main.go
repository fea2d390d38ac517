// Reads pages, one JSON object a line on standard input, and prints what Prometheus' own reader makes of each:
//
//	{"format": "text" | "openmetrics", "page": base64}
//	{"samples": [{"labels": [[name, value]…], "bits": hexadecimal, "ts": ms, "exemplar": {"labels", "bits", "ts"}}], "metadata": [[kind, family, text]…]}
//	{"error": text}
//
// The format "content-type" asks which reader a page of the Content-Type `page` would get: {"reader": "text" | "openmetrics"} or the error.
//
// A page is refused as well where the scrape loop refuses one of its series (scrape/scrape.go): without a name, with a label
// that stands twice, with a name that is not UTF-8. Texts that are not UTF-8 get U+FFFD.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

type question struct {
	Format string `json:"format"`
	Page   []byte `json:"page"`
}

type answer struct {
	Samples  []sample    `json:"samples,omitempty"`
	Metadata [][3]string `json:"metadata,omitempty"`
	Error    string      `json:"error,omitempty"`
	Reader   string      `json:"reader,omitempty"`
}

type sample struct {
	Labels   [][2]string `json:"labels"`
	Bits     string      `json:"bits"`
	Ts       *int64      `json:"ts,omitempty"`
	Exemplar *sample     `json:"exemplar,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	write := json.NewEncoder(out)
	write.SetEscapeHTML(false)
	read := json.NewDecoder(in)
	for {
		var asked question
		if err := read.Decode(&asked); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		if err := write.Encode(readPage(asked)); err != nil {
			panic(err)
		}
		out.Flush()
	}
}

var mediaTypes = map[string]string{"text": "text/plain", "openmetrics": "application/openmetrics-text"}

func readPage(asked question) (result answer) {
	defer func() {
		if failure := recover(); failure != nil {
			result = answer{Error: fmt.Sprint("panic: ", failure)}
		}
	}()
	if asked.Format == "content-type" {
		parser, err := textparse.New(nil, string(asked.Page), labels.NewSymbolTable(), textparse.ParserOptions{})
		switch parser.(type) {
		case *textparse.PromParser:
			return answer{Reader: "text"}
		case *textparse.OpenMetricsParser:
			return answer{Reader: "openmetrics"}
		}
		return answer{Error: fmt.Sprint(err)}
	}
	parser, err := textparse.New(asked.Page, mediaTypes[asked.Format], labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return answer{Error: err.Error()}
	}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return result
		} else if err != nil {
			return answer{Error: err.Error()}
		}
		switch entry {
		case textparse.EntryHelp:
			family, text := parser.Help()
			result.Metadata = append(result.Metadata, [3]string{"help", valid(string(family)), valid(string(text))})
		case textparse.EntryType:
			family, kind := parser.Type()
			result.Metadata = append(result.Metadata, [3]string{"type", valid(string(family)), valid(string(kind))})
		case textparse.EntryUnit:
			family, text := parser.Unit()
			result.Metadata = append(result.Metadata, [3]string{"unit", valid(string(family)), valid(string(text))})
		case textparse.EntrySeries:
			one, err := readSample(parser)
			if err != nil {
				return answer{Error: err.Error()}
			}
			result.Samples = append(result.Samples, one)
		}
	}
}

func readSample(parser textparse.Parser) (sample, error) {
	_, ts, value := parser.Series()
	var set labels.Labels
	parser.Labels(&set)
	if set.Get(labels.MetricName) == "" {
		return sample{}, errors.New("metric name must be present")
	}
	if !set.IsValid(model.UTF8Validation) {
		return sample{}, fmt.Errorf("invalid metric name or label names: %s", set)
	}
	if name, twice := set.HasDuplicateLabelNames(); twice {
		return sample{}, fmt.Errorf("label name %q is not unique", name)
	}
	one := sample{Labels: pairs(set), Bits: bits(value), Ts: copied(ts)}
	var ex exemplar.Exemplar
	if parser.Exemplar(&ex) {
		one.Exemplar = &sample{Labels: pairs(ex.Labels), Bits: bits(ex.Value)}
		if ex.HasTs {
			one.Exemplar.Ts = &ex.Ts
		}
	}
	return one, nil
}

func pairs(set labels.Labels) [][2]string {
	all := [][2]string{}
	set.Range(func(one labels.Label) { all = append(all, [2]string{valid(one.Name), valid(one.Value)}) })
	return all
}

func copied(ts *int64) *int64 {
	if ts == nil {
		return nil
	}
	kept := *ts
	return &kept
}

func bits(value float64) string { return fmt.Sprintf("%016x", math.Float64bits(value)) }

func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
