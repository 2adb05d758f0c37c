terraform {
  required_version = ">= 1.3"

  required_providers {
    kong = {
      source  = "kevholditch/kong"
      version = "~> 6.5"
    }
  }
}

# The provider takes its token from KONG_ADMIN_TOKEN, or KONG_API_KEY for an Admin API behind key-auth.
provider "kong" {
  kong_admin_uri = var.admin_url
}
