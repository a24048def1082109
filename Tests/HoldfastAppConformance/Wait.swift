// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Keeps the webhook waiting, as the script asks: so that events gather behind it.
func wait(milliseconds: Int) async throws {
    try await ContinuousClock().sleep(for: .milliseconds(milliseconds))
}
