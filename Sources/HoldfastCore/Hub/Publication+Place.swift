// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension Publication {
    /// Whether it may have come before, or has its place in an order: nodes that receive it look, too.
    package var hasPlace: Bool { id != nil || details?.previousID != nil }
}
