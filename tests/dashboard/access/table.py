"""Who may open and send what: every address, as data that a person reads.

A line is an address and a letter for each person, in the order of PERSONS. The address is
the name of the route, what fills its parts, and a query string: `{mos}` is the key of an
object of `sample.py`, `{lead}` in turn each of its leads, any other word stands for itself.
`#list` asks for that part of the page alone, as htmx does: it is quicker to draw.
The letters:

    y  is answered, or sent on to another page of ours
    n  is refused as missing or forbidden, and nothing changes
    l  is led to the page for signing in
    s  `y` for who sees the lead by SEEN, else `n`

What the world is: `sample.py`. Members see their own leads here, see docs/sight.md.
"""

PERSONS = {
    "-": "anonymous",
    "u": "unlinked",
    "m": "member",
    "c": "limited",
    "f": "foreign lead",
    "L": "team lead",
    "M": "manager",
    "d": "deactivated",
}

# Which leads each person sees where members see their own leads.
SEEN_OWN = """
                u m c f L M
    mos         n y y n y y
    cleos       n n y n y y
    eves        n n n y n y
    nobodys     y y y y y y
    acmes       n y n n y y
    held        n y y y y y
    clientless  n y n n y y
    unknowns    n n n n n y
"""
# The same where members see all leads: only the limit to a client is left.
SEEN_ALL = """
                u m c f L M
    mos         y y y y y y
    cleos       y y y y y y
    eves        y y y y y y
    nobodys     y y y y y y
    acmes       y y n y y y
    held        y y y y y y
    clientless  y y n y y y
    unknowns    y y y y y y
"""

# Pages about one lead.
OF_LEADS = """
                                             - u m c f L M d
    lead {lead} #panel                       l s s s s s s l
    lead_row {lead}                          l s s s s s s l
"""

PAGES = """
                                             - u m c f L M d
    login                                    y y y y y y y y
    invitation                               n n n n n n n n
    open_invitation x x-y                    y y y y y y y y
    calendar_feed {feed}                     y y y y y y y y
    calendar_feed {deesfeed}                 n n n n n n n n
    calendar_feed nobodystoken               n n n n n n n n
    home                                     l y y y y y y l
    today                                    l y y y y y y l
    inbox                                    l y y y y y y l
    lead {mos}                               l n y y n y y l
    lead {eves} ?list=q%3Dzq                 l n n n y n y l
    inbox ?q=zq #list                        l y y y y y y l
    inbox ?q=zqeves #list                    l y y y y y y l
    inbox ?owner={eve} #list                 l y y y y y y l
    inbox ?sort=late #list                   l y y y y y y l
    inbox ?coming=all #list                  l y y y y y y l
    inbox ?client=7 #list                    l y y y y y y l
    inbox ?client=8 #list                    l y y y y y y l
    saved_views                              l y y y y y y l
    assign {mos}                             l n y y n y y l
    assign {eves}                            l n n n y n y l
    assign {acmes}                           l n y n n y y l
    assign_many                              l n n y y y y l
    assign_many ?lead={mos}                  l n n y y y y l
    assign_many ?lead={eves}                 l n n y y y y l
    assign_many ?filter=q%3Dzq               l n n y y y y l
    assign_many ?plan={tias_plan}            l n n n n y n l
    assign_many ?plan={maxs_plan}            l n n n n n y l
    coverage                                 l y y y y y y l
    plan_coverage                            l y y y y y y l
    plan_coverage ?member={eve}              l y y y y y y l
    show_coverage {running}                  l y y y y y y l
    show_coverage {souths_running}           l y y y y y y l
    certificate {running}                    l y y y y y y l
    certificate {souths_running}             l y y y y y y l
    edit_coverage {proposed}                 l n n y n y y l
    edit_coverage {souths_proposed}          l n n n n n y l
    start_coverage {planned}                 l n n y n y y l
    end_coverage {running}                   l n n y n y y l
    end_coverage {souths_running}            l n n n y n y l
    cancel_coverage {planned}                l n n y n y y l
    extend_coverage {running}                l n n y n y y l
    shorten_coverage {running}               l n n y n y y l
    coverer_coverage {running}               l n n y n y y l
    coverer_coverage {souths_running}        l n n n y n y l
    history                                  l y y y y y y l
    history ?member={eve}                    l y y y y y y l
    history ?lead={mos}                      l n y y n y y l
    history ?lead={acmes}                    l n y n n y y l
    history ?batch={souths_batch}            l n n n y n y l
    history ?coverage={souths_running}       l y y y y y y l
    history_export                           l n n n n n y l
    batches                                  l y y y y y y l
    batch {norths_batch}                     l n n y n y y l
    batch {souths_batch}                     l n n n y n y l
    undo_batch {norths_batch}                l n n n n y y l
    undo_batch {souths_batch}                l n n n n n y l
    routing                                  l n n y y y y l
    new_rule                                 l n n n n n y l
    rule {rule}                              l n n y y y y l
    try_rules                                l n n y y y y l
    try_rules ?lead={mos}                    l n n y n y y l
    try_rules ?lead={eves}                   l n n n y n y l
    try_rules ?weeks=1                       l n n y y y y l
    review                                   l n n y y y y l
    palette                                  l y y y y y y l
    palette ?q=zq                            l y y y y y y l
    palette ?q=zqeves                        l y y y y y y l
    banner                                   l y y y y y y l
    notifications                            l y y y y y y l
    notification {mos_notification}          l n y n n n n l
    notification {tias_notification}         l n n n n y n l
    notification_settings                    l y y y y y y l
    start                                    l n n n n n y l
    system                                   l n n y y y y l
    team                                     l y y y y y y l
    rebalance                                l n n y y y y l
    rebalance ?team={north}                  l n n y y y y l
    add_member                               l n n n n n y l
    performance                              l y y y y y y l
    performance_csv                          l n n n n n y l
    answers_export                           l n n n n n y l
    leads_export                             l n n n n n y l
    member {mo}                              l y y y y y y l
    member {eve}                             l y y y y y y l
    member_hours {mo}                        l n y y y y y l
    member_hours {eve}                       l n n y y y y l
    leaving {mo}                             l n n y y y y l
    leaving {eve}                            l n n y y y y l
    settings                                 l n n y y y y l
    new_target                               l n n n n n y l
    target {target}                          l n n n n n y l
    default_hours                            l n n y y y y l
    teams                                    l n n n n n y l
    team_settings {north}                    l n n n n n y l
    mappings                                 l n n n n n y l
    mapping {table}                          l n n n n n y l
    webhooks                                 l n n n n n y l
    users                                    l n n n n n y l
    invite                                   l n n n n n y l
    user {someone}                           l n n n n n y l
    sign_in_log                              l n n n n n y l
    me                                       l y y y y y y l
    password                                 l y y y y y y l
    account_login                            y y y y y y y y
    forgotten_password                       y y y y y y y y
    reset_password                           n n n n n n n n
    open_reset x x-y                         y y y y y y y y
    confirm_address                          n n n n n n n n
    open_confirmation x x-y                  y y y y y y y y
    address                                  l y y y y y y l
    usersessions_list                        l y y y y y y l
    mfa_index                                l y y y y y y l
    mfa_list_webauthn                        l y y y y y y l
    outgoing_webhooks                        l n n n n n y l
    provider_callback                        n n n n n n n n
    admin_login                              l l l l l l l l
    admin:index                              n n n n n n n n
    admin:assignments_assignment_changelist  n n n n n n n n
"""

# Answers to forms that hold what is asked for; `fields` as in a query string. Forms of
# the settings, and all roles of one team, are in tests/trials/post_permissions.py too.
FORMS = """
                                                          - u m c f L M d
    assign {mos} member={cleo}                            l n y y n y y l
    assign {cleos} member={mo}                            l n n y n y y l
    assign {eves} member={mo}                             l n n n n n y l
    assign {acmes} member={cleo}                          l n y n n y y l
    assign {clientless} member={cleo}                     l n y n n y y l
    assign {nobodys} member={mo}                          l n n y n y y l
    assign {unknowns} member={mo}                         l n n n n n y l
    add_note {mos} text=Hi                                l n y y n y y l
    add_note {eves} text=Hi                               l n n n y n y l
    add_note {acmes} text=Hi                              l n y n n y y l
    add_note {nobodys} text=Hi                            l n n y y y y l
    mark_lead {mos} as=unread                             l n y y n y y l
    mark_lead {eves} as=unread                            l n n n y n y l
    mark_lead {acmes} as=unread                           l n y n n y y l
    mark_lead {nobodys} as=unread                         l n n y y y y l
    assign_many lead={cleos} member={mo} strategy=member  l n n y n y y l
    assign_many lead={eves} member={mo} strategy=member   l n n n n n y l
    undo {own_done}                                       l n y y n y y l
    undo {eves_done}                                      l n n n n n y l
    undo {acmes_done}                                     l n n n n y y l
    retry {cleos_refused}                                 l n n y n y y l
    retry {eves_refused}                                  l n n n n n y l
    retry {acmes_refused}                                 l n y n n y y l
    dismiss {cleos_refused}                               l n n y n y y l
    dismiss {eves_refused}                                l n n n y n y l
    dismiss {acmes_refused}                               l n y n n y y l
    accept_suggestion {suggestion}                        l n n y n y y l
    accept_suggestion {souths_suggestion}                 l n n n n n y l
    dismiss_suggestion {suggestion}                       l n n y y y y l
    dismiss_suggestion {souths_suggestion}                l n n n y n y l
    accept_shown suggestion={suggestion}                  l n n y n y y l
    accept_shown suggestion={souths_suggestion}           l n n n n n y l
    accept_change {drifted}                               l n n y n y y l
    accept_change {souths_drifted}                        l n n n y n y l
    confirm_coverage {proposed}                           l n n y n y y l
    decline_coverage {proposed}                           l n n y n y y l
    confirm_coverage {souths_proposed}                    l n n n n n y l
    start_coverage {planned}                              l n n y n y y l
    cancel_coverage {planned}                             l n n y n y y l
    end_coverage {running}                                l n n y n y y l
    end_coverage {souths_running}                         l n n n y n y l
    acknowledge_coverage {missed}                         l n n y n y y l
    hand_back {running} {held}                            l n y y y y y l
    take_back {running} {held}                            l n y y y y y l
    renew_feed {north}                                    l n n y n y y l
    revoke_feed {south}                                   l n n n y n y l
    pause_batch {norths_batch}                            l n n n n y y l
    cancel_batch {norths_batch}                           l n n n n y y l
    pause_batch {souths_batch}                            l n n n n n y l
    resume_batch {souths_batch}                           l n n n n n y l
    cancel_batch {souths_batch}                           l n n n n n y l
    undo_batch {souths_batch}                             l n n n n n y l
    rename_view {mos_view} name=X                         l n y n n n n l
    rename_view {tias_view} name=X                        l n n n n y n l
    remove_view {mos_view}                                l n y n n n n l
    remove_view {tias_view}                               l n n n n y n l
    saved_views name=X&query=status%3Dopen                l y y y y y y l
    read_all                                              l y y y y y y l
    dismiss_all                                           l y y y y y y l
    user {someone} first_name=X                           l n n n n n y l
    new_password {someone}                                l n n n n n y l
    renew_invitation {invited}                            l n n n n n y l
    unlock_user {someone}                                 l n n n n n y l
    deactivate_member {mo}                                l n n n n n y l
    activate_member {mo}                                  l n n n n n y l
    pause_writes reason=X                                 l n n n n n y l
    resume_writes                                         l n n n n n y l
    send_mail_again {refused_mail}                        l n n n n n y l
    dismiss_mail {refused_mail}                           l n n n n n y l
    remove_rule {rule}                                    l n n n n n y l
    set_rule_mode {rule} mode=suggest                     l n n n n n y l
    remove_mapping {table}                                l n n n n n y l
    remove_mapping_line {line}                            l n n n n n y l
    remove_team {north}                                   l n n n n n y l
    remove_target {target}                                l n n n n n y l
    remove_day_off {day_off}                              l n n n n n y l
    answer_zone zone=UTC                                  l y y y y y y l
    look theme=dark                                       l y y y y y y l
    receive_webhook notthetoken                           n n n n n n n n
    provider_sign_in                                      n n n n n n n n
    provider_logout                                       n n n n n n n n
    logout                                                l l l l l l l l
    admin_logout                                          l l l l l l l l
"""
