package kubelet

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
)

const (
	maxLogLine           = 64 << 10
	maxTerminationBytes  = 4096
	terminationLogsLines = 80
)

// logFile is the output of one start of a container: a line holds time, stream and text.
type logFile struct {
	mu    sync.Mutex
	file  *os.File
	path  string
	grown *sync.Cond
	ended bool
	parts []*lineWriter
}

// openLog makes the file of one start: RUN-DIR/logs/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log.
func (w *worker) openLog(container string, restarts int) (*logFile, error) {
	path := w.logPath(container, restarts)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, err
	}
	l := &logFile{file: file, path: path}
	l.grown = sync.NewCond(&l.mu)
	return l, nil
}

func (w *worker) logPath(container string, restarts int) string {
	pod := fmt.Sprintf("%s_%s_%s", w.namespace, w.name, w.uid)
	return filepath.Join(w.kubelet.config.RunDir, "logs", pod, container,
		fmt.Sprintf("%d.log", restarts))
}

// lineWriter cuts what one stream writes into lines; an unfinished line waits for its rest.
type lineWriter struct {
	log    *logFile
	stream string
	rest   []byte
}

func (l *logFile) stream(name string) io.Writer {
	writer := &lineWriter{log: l, stream: name}
	l.parts = append(l.parts, writer)
	return writer
}

func (s *lineWriter) Write(data []byte) (int, error) {
	s.rest = append(s.rest, data...)
	for {
		end := bytes.IndexByte(s.rest, '\n')
		if end < 0 && len(s.rest) < maxLogLine {
			return len(data), nil
		}
		next := end + 1
		if end < 0 {
			end, next = len(s.rest), len(s.rest)
		}
		s.log.append(s.stream, s.rest[:end])
		s.rest = s.rest[next:]
	}
}

func (l *logFile) append(stream string, line []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now().UTC().Format(time.RFC3339Nano)
	// A full disk must not stop the container; its log just ends.
	_, _ = fmt.Fprintf(l.file, "%s %s %s\n", now, stream, line)
	l.grown.Broadcast()
}

// end comes after the last Write of every stream.
func (l *logFile) end() {
	for _, part := range l.parts {
		if len(part.rest) > 0 {
			l.append(part.stream, part.rest)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.file.Close()
	l.grown.Broadcast()
}

// waitGrowth returns false when nothing can come after size any more, or nobody wants it.
func (l *logFile) waitGrowth(ctx context.Context, size int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		info, err := os.Stat(l.path)
		if err != nil {
			return false
		}
		if info.Size() > size {
			return true
		}
		if l.ended || ctx.Err() != nil {
			return false
		}
		l.grown.Wait()
	}
}

// wakeReaders lets waitGrowth look again, for a reader that has gone.
func (l *logFile) wakeReaders() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grown.Broadcast()
}

type logLine struct {
	when time.Time
	raw  string // the time as written
	text string
}

func parseLogLine(line string) (logLine, bool) {
	parts := strings.SplitN(line, " ", 3)
	if len(parts) != 3 {
		return logLine{}, false
	}
	when, err := time.Parse(time.RFC3339Nano, parts[0])
	return logLine{when: when, raw: parts[0], text: parts[2]}, err == nil
}

// terminationMessage is what the program wrote to its termination log, or the end of its output
// where the container asks for that.
func (p *process) terminationMessage(one *instance, failed bool) string {
	text, err := os.ReadFile(filepath.Join(p.dir(), "termination-log"))
	if err == nil && len(text) > 0 {
		return string(text[:min(len(text), maxTerminationBytes)])
	}
	if !failed || p.spec.TerminationMessagePolicy != v1.TerminationMessageFallbackToLogsOnError {
		return ""
	}
	file, err := os.Open(one.log.path)
	if err != nil {
		return ""
	}
	defer file.Close()
	var lines []string
	for scan := bufio.NewScanner(file); scan.Scan(); {
		if line, ok := parseLogLine(scan.Text()); ok {
			lines = append(lines, line.text)
		}
	}
	lines = lines[max(0, len(lines)-terminationLogsLines):]
	joined := strings.Join(lines, "\n")
	return joined[max(0, len(joined)-2048):]
}
