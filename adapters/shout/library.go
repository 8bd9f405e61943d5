package shout

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// viaLibrary sends text by shoutrrr. mend, if not nil, may change each request
// before it leaves.
func (n *Notifier) viaLibrary(
	ctx context.Context, u *url.URL, text string, params map[string]string, mend func(*http.Request),
) error {
	x := &exchange{ctx: ctx, client: n.http, mend: mend}
	service, err := locate(u, x)
	if err != nil {
		if x.asked {
			return x.verdict(err)
		}
		// Its text repeats the URL, and the fields were checked before.
		return noRetryError("the service does not accept the settings of the channel")
	}
	if closer, ok := service.(io.Closer); ok {
		defer func() { _ = closer.Close() }()
	}
	if err := ctx.Err(); err != nil {
		return networkError(err)
	}
	filled := make(types.Params)
	for name, value := range params {
		if value != "" {
			filled[name] = value
		}
	}
	return x.verdict(service.Send(text, &filled))
}

// locate makes the library's service for u. Its requests go through x, even
// those made while it is set up, which the library's own router would let pass.
func locate(u *url.URL, x *exchange) (types.Service, error) {
	r := &router.ServiceRouter{}
	scheme, parsed, err := r.ExtractServiceName(u.String())
	if err != nil {
		return nil, err
	}
	service, err := r.NewService(scheme)
	if err != nil {
		return nil, err
	}
	if parsed.Scheme != scheme {
		custom, ok := service.(types.CustomURLService)
		if !ok {
			return nil, errors.New("the service takes no URL of this form")
		}
		if parsed, err = custom.GetServiceURLFromCustom(parsed); err != nil {
			return nil, err
		}
	}
	setter, overHTTP := service.(types.HTTPClientSetter)
	if overHTTP {
		setter.SetHTTPClient(x)
	}
	if err := service.Initialize(parsed, nil); err != nil {
		return nil, err
	}
	if overHTTP {
		setter.SetHTTPClient(x) // Some make a client of their own meanwhile.
	}
	return service, nil
}
