"""A clinic as any SQLAlchemy application would model it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Column, ForeignKey, Identity, Numeric, Table, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from watertight_types import EncryptedText


class Base(DeclarativeBase):
    pass


visit_labels = Table(
    "visit_labels",
    Base.metadata,
    Column("visit_id", ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True),
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
)


class Doctor(Base):
    __tablename__ = "doctors"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    logins: Mapped[int] = mapped_column(default=0)
    visits: Mapped[list["Visit"]] = relationship(back_populates="doctor")


class Patient(Base):
    __tablename__ = "patients"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    born: Mapped[date | None]
    visits: Mapped[list["Visit"]] = relationship(back_populates="patient", cascade="all, delete-orphan")


class Visit(Base):
    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    doctor_id: Mapped[int | None] = mapped_column(ForeignKey("doctors.id"))
    reason: Mapped[str]
    cost: Mapped[Decimal] = mapped_column(Numeric(10, 2), default=0)
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    patient: Mapped[Patient] = relationship(back_populates="visits")
    doctor: Mapped[Doctor | None] = relationship(back_populates="visits")
    labels: Mapped[list["Label"]] = relationship(secondary=visit_labels)


class Label(Base):
    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]


class Person(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    # An administrator encrypts these two: see ../common/protect.sql.
    name: Mapped[str]
    ssn: Mapped[str] = mapped_column(unique=True)
    # This one is made encrypted.
    note: Mapped[str | None] = mapped_column(EncryptedText())
