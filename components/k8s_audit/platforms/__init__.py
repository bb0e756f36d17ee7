"""One module a platform: a component that takes a policy and a receiver and joins the other rooms."""
