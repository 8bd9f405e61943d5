package agebox

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// MaxFile is the size in bytes of the largest file that SealFile makes and
// OpenFile opens: 16 MiB.
const MaxFile = 16 << 20

// Recipients returns the public keys for which SealFile and Encrypt encrypt: the
// identity's and the recovery key's. They are no secret.
func (b *Box) Recipients() []string {
	var out []string
	for _, r := range b.keys().recipients {
		out = append(out, fmt.Sprint(r))
	}
	return out
}

// SealFile returns plain as an age file, which the age tool opens with the key
// file or the recovery key. Unlike a value, an age file is not bound to a place,
// and whoever knows the public keys can make one: where that matters, its
// content must say what it belongs to, and the file be sealed as a value.
func (b *Box) SealFile(plain []byte) ([]byte, error) {
	if len(plain) > MaxFile {
		return nil, fmt.Errorf("seal a file: %w", ErrTooLarge)
	}
	var file bytes.Buffer
	w, err := b.Encrypt(&file)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("seal a file: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("seal a file: %w", err)
	}
	if file.Len() > MaxFile {
		return nil, fmt.Errorf("seal a file: %w", ErrTooLarge)
	}
	return file.Bytes(), nil
}

// OpenFile returns the content of an age file that SealFile made, also before
// the identity was changed if the recovery key is still the same. Its errors are
// ErrWrongKey, ErrDamaged and ErrTooLarge.
func (b *Box) OpenFile(sealed []byte) ([]byte, error) {
	if len(sealed) > MaxFile {
		return nil, fmt.Errorf("open a file: %w", ErrTooLarge)
	}
	plain, err := b.Decrypt(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(plain)
	if err != nil {
		return nil, fmt.Errorf("open a file: %w", err)
	}
	return content, nil
}

// Encrypt returns a writer that writes all it is given to w as an age file, of
// any length. Without Close the file is not whole, and Decrypt will say so.
func (b *Box) Encrypt(w io.Writer) (io.WriteCloser, error) {
	out, err := age.Encrypt(w, b.keys().recipients...)
	if err != nil {
		return nil, fmt.Errorf("begin an encrypted file: %w", err)
	}
	return out, nil
}

// Decrypt returns a reader of the content of the age file r. The content is
// proven in pieces of 64 KiB and to be whole only when io.EOF comes, so a caller
// acts on nothing before that. The errors, of Decrypt and of the reader, are
// ErrWrongKey, ErrDamaged, or that of r.
func (b *Box) Decrypt(r io.Reader) (io.Reader, error) {
	plain, err := decrypt(r, b.keys().identities...)
	if err != nil {
		return nil, fmt.Errorf("open an encrypted file: %w", err)
	}
	return plain, nil
}

// decrypt is age.Decrypt with errors that hold nothing of the file.
func decrypt(r io.Reader, identities ...age.Identity) (io.Reader, error) {
	src := &source{r: r}
	plain, err := age.Decrypt(src, identities...)
	if err != nil {
		return nil, src.explain(err)
	}
	return &content{src: src, plain: plain}, nil
}

// source remembers why it could not be read: age does not tell all of it on.
type source struct {
	r   io.Reader
	err error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// explain says what an error of age was about; its text may quote the file.
func (s *source) explain(err error) error {
	if s.err != nil {
		return fmt.Errorf("read the encrypted data: %w", s.err)
	}
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return ErrWrongKey
	}
	return ErrDamaged
}

// content is what an age file holds.
type content struct {
	src   *source
	plain io.Reader
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	n, err := c.plain.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, c.src.explain(err)
}

// Decrypt reads a file of Box.Encrypt without a Box: one of id's, or one for
// which id is the recovery key. Otherwise it is Box.Decrypt.
func (id *Identity) Decrypt(r io.Reader) (io.Reader, error) {
	plain, err := decrypt(r, id.key())
	if err != nil {
		return nil, fmt.Errorf("open an encrypted file: %w", err)
	}
	return plain, nil
}
