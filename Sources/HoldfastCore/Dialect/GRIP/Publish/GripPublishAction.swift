// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a format of an item orders.
enum GripPublishAction: String {
    case send, close, hint, refresh
}
