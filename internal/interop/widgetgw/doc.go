// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Package widgetv1 is the REST gateway of the widget service, as
// protoc-gen-grpc-gateway v2.32.0 generates it from http.yaml with the options
// standalone=true and grpc_api_configuration.
package widgetv1
