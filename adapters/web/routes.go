package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// routes is the whole surface. authenticate asks who it is, except on the routes
// that public names; each handler asks whether he may.
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

	e.GET("/sign-in", s.showSignIn)
	e.POST("/sign-in", s.signIn, form)
	e.GET("/second-factor", s.showSecondFactor)
	e.POST("/second-factor", s.giveSecondFactor, form)
	e.GET("/external", s.beginExternal)
	e.GET("/external-back", s.endExternal)
	e.POST("/sign-out", s.signOut, form)
	e.GET("/setup", s.showSetup)
	e.POST("/setup", s.setUp, form)
	e.GET("/join", s.showJoin)
	e.POST("/join", s.join, form)
	e.GET("/account", s.showAccount)
	e.POST("/account", s.changeAccount, form)
	e.GET("/recovery-sheet", s.showRecovery)
	e.POST("/recovery-sheet", s.openRecovery, form)

	api := e.Group(apiPath)

	api.GET("/me", s.getMe)

	api.GET("/applications", s.listApplications)
	api.POST("/applications", s.addApplication)
	api.GET("/applications/:id", s.getApplication)
	api.PATCH("/applications/:id", s.editApplication)
	api.DELETE("/applications/:id", s.removeApplication)
	api.GET("/applications/:id/history", s.getHistory)
	api.POST("/applications/:id/check", s.checkNow)
	api.POST("/applications/:id/seen", s.markSeen)
	api.POST("/applications/:id/watchers", s.addWatcher)

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
