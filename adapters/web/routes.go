package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// routes is the whole surface. authenticate asks for a token under apiPath,
// except for the description of the API.
func (s *Server) routes() {
	e := s.echo
	e.Use(s.observe, s.harden, s.recoverPanic, s.authenticate, s.sameOrigin)

	both := []string{http.MethodGet, http.MethodHead}
	e.Match(both, "/", s.showPage)
	e.Match(both, "/assets/:version/:name", s.showAsset)
	e.Match(both, "/applications/:id", s.toPage)
	e.Match(both, "/healthz", s.healthz)
	e.Match(both, "/readyz", s.readyz)
	e.GET(openAPIPath, s.showOpenAPI)

	api := e.Group(apiPath)

	api.GET("/applications", s.listApplications)
	api.POST("/applications", s.addApplication)
	api.GET("/applications/:id", s.getApplication)
	api.PATCH("/applications/:id", s.editApplication)
	api.DELETE("/applications/:id", s.removeApplication)
	api.GET("/applications/:id/history", s.getHistory)
	api.POST("/applications/:id/check", s.checkNow)

	api.GET("/channels", s.listChannels)
	api.POST("/channels", s.addChannel)
	api.GET("/channels/kinds", s.listKinds)
	api.POST("/channels/test", s.testUnsavedChannel)
	api.GET("/channels/:id", s.getChannel)
	api.PATCH("/channels/:id", s.editChannel)
	api.DELETE("/channels/:id", s.removeChannel)
	api.POST("/channels/:id/test", s.testChannel)

	api.GET("/deliveries", s.listDeliveries)
	api.POST("/deliveries/:id/retry", s.retryDelivery)

	api.GET("/source", s.getSource)
	api.GET("/events", s.streamEvents)
}

const (
	apiPath     = "/api/v1"
	openAPIPath = apiPath + "/openapi.yaml"
)

// noContent ends a request that has nothing to say.
func noContent(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
