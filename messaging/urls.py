"""Pages of `messaging`, below /admin/."""

from django.urls import path

from messaging import views_profile
from messaging.leadpage import urls as leadpage
from messaging.review import urls as review
from messaging.views import (
    actions,
    attachments,
    inbox,
    later,
    mail,
    new,
    panel,
    simulator,
    templates,
)

TALK = "inbox/<uuid:conversation>/"
ONE = TALK + "messages/<uuid:message>/"

PLAYED = "simulator/<uuid:conversation>/"

urlpatterns = [
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/send/", simulator.send, name="simulator_send"),
    path("simulator/busy/", simulator.busy, name="simulator_busy"),
    path("simulator/update/", simulator.update_new, name="simulator_update_new"),
    path(PLAYED, simulator.simulator, name="simulator_talk"),
    path(PLAYED + "update/", simulator.update, name="simulator_update"),
    path(PLAYED + "now/", simulator.answer_now, name="simulator_now"),
    path(PLAYED + "ai/", simulator.ai, name="simulator_ai"),
    path(PLAYED + "clock/", simulator.their_clock, name="simulator_clock"),
    *leadpage.urlpatterns,
    *review.urlpatterns,
    path("profile/", views_profile.edit_profile, name="profile"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/rows/", inbox.rows, name="inbox_rows"),
    path("inbox/new/lead/", new.new_lead, name="inbox_new_lead"),
    path("inbox/new/message/", new.new_message, name="inbox_new_message"),
    path("inbox/files/<uuid:public_id>/", attachments.attachment, name="inbox_file"),
    path("inbox/pictures/<str:signed>/", attachments.picture, name="inbox_picture"),
    path(TALK, inbox.inbox, name="inbox_thread"),
    path(TALK + "update/", inbox.update, name="inbox_update"),
    path(TALK + "earlier/", inbox.earlier, name="inbox_earlier"),
    path(TALK + "panel/", panel.panel, name="inbox_panel"),
    path(TALK + "send/", actions.send, name="inbox_send"),
    path(TALK + "later/", later.send_later, name="inbox_send_later"),
    path(TALK + "preview/", later.preview, name="inbox_preview"),
    path(TALK + "snooze/", later.snooze, name="inbox_snooze"),
    path(TALK + "wake/", later.unsnooze, name="inbox_unsnooze"),
    path(TALK + "answers/", templates.answers, name="inbox_answers"),
    path(TALK + "answers/<int:template>/", templates.use, name="inbox_answer_use"),
    path(TALK + "take-over/", actions.take_over, name="inbox_take_over"),
    path(TALK + "hand-back/", actions.hand_back, name="inbox_hand_back"),
    path(TALK + "answer-now/", actions.answer_at_once, name="inbox_answer_now"),
    path(TALK + "mode/", actions.set_mode, name="inbox_mode"),
    path(TALK + "read/", actions.mark_read, name="inbox_read"),
    path(TALK + "done/", actions.mark_done, name="inbox_done"),
    path(TALK + "call/", actions.log_call, name="inbox_call"),
    path(TALK + "stop/", actions.settle_stop, name="inbox_stop"),
    path(ONE + "stop/undo/", actions.unsettle_stop, name="inbox_message_unstop"),
    path(TALK + "lead/", actions.choose_lead, name="inbox_choose_lead"),
    path(ONE + "why/", inbox.why, name="inbox_why"),
    path(ONE + "original/", mail.original, name="inbox_mail"),
    path(ONE + "mail/", mail.frame, name="inbox_mail_frame"),
    path(ONE + "time/", later.change_time, name="inbox_message_time"),
    path(ONE + "now/", later.send_now, name="inbox_message_now"),
    path(ONE + "cancel/", actions.cancel, name="inbox_message_cancel"),
    path(ONE + "confirm/", actions.confirm, name="inbox_message_confirm"),
    path(ONE + "resend/", actions.send_again, name="inbox_message_resend"),
    path(ONE + "unsettle/", actions.unsettle, name="inbox_message_unsettle"),
    path(ONE + "approve/", actions.approve, name="inbox_draft_approve"),
    path(ONE + "discard/", actions.discard, name="inbox_draft_discard"),
    path(ONE + "restore/", actions.restore, name="inbox_draft_restore"),
    path(ONE + "again/", actions.again, name="inbox_draft_again"),
    path(ONE + "ask-manager/", actions.ask_manager, name="inbox_draft_ask"),
    path(TALK + "facts/<slug:field>/", panel.set_fact, name="inbox_fact_set"),
    path(
        TALK + "facts/<uuid:fact>/strike/", panel.strike_fact, name="inbox_fact_strike"
    ),
    path(
        TALK + "facts/<uuid:fact>/restore/",
        panel.restore_fact,
        name="inbox_fact_restore",
    ),
    path(
        TALK + "score/<uuid:line>/strike/", panel.strike_line, name="inbox_line_strike"
    ),
    path(
        TALK + "score/<uuid:line>/restore/",
        panel.restore_line,
        name="inbox_line_restore",
    ),
]
